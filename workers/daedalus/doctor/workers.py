"""The workers: whether they run, within limits that hold, and whether data flows on."""

from __future__ import annotations

from collections.abc import Sequence

from ..health.finding import Finding, bad, ok, warn
from ..health.thresholds import NO_DATA_SECONDS
from ..health.workers import life, unrecorded
from ..host import CgroupMemory
from ..status import Row
from ..units import bytes_text, counted, duration_text

__all__ = ["backlog", "elsewhere", "installed", "last_upload", "limits", "restarts", "worker"]

BACKLOG_FILES = 2_000
UPLOAD_SECONDS = 2 * 3600.0
"""A file is sealed at least once an hour, so there was something to upload in this time."""
MANY_RESTARTS = 5


def worker(row: Row, *, services: bool = True) -> Finding:
    """Whether a worker runs and does what it is for. ``services``: they are units of systemd here."""
    if row.state == "running":
        last = row.last_message_seconds
        if last is not None and last > NO_DATA_SECONDS:
            return bad(
                row.worker,
                f"runs, but its last message came {duration_text(last * 1e9)} ago",
                "Check the network, and the exchange's status page; its log says what it tries.",
            )
        if row.unrecorded:
            return unrecorded(row.worker, row.note)
    return life(row.worker, row.state, row.note, row.pid, service=services)


def installed(row: Row) -> Finding:
    """A worker runs something else than what is installed."""
    return warn(
        f"{row.worker} is up to date",
        row.difference,
        "A change takes effect when the worker is restarted.",
    )


def elsewhere(line: str) -> Finding:
    """A worker runs with a configuration that was not examined."""
    return warn("other recorders", line, "Name the configuration with -c.")


def limits(unit: str, memory: CgroupMemory | None) -> Finding:
    """Whether the kernel enforces the memory limit of a unit, as its control group says."""
    check = f"limits of {unit}"
    if memory is None:
        return bad(
            check,
            "the kernel does not count its memory, so MemoryMax does not hold, whatever systemctl shows",
            "Turn the memory control group on: append cgroup_enable=memory to cmdline.txt and reboot.",
        )
    if memory.max is None:
        return warn(check, "there is no limit (MemoryMax)", "Run the playbook again; see systemctl cat.")
    high = f", slowed from {bytes_text(memory.high)}" if memory.high is not None else ""
    return ok(check, f"{bytes_text(memory.used)} of {bytes_text(memory.max)}{high}")


def restarts(unit: str, count: int) -> Finding:
    """How often systemd had to start a unit again."""
    check = f"restarts of {unit}"
    if count < MANY_RESTARTS:
        return ok(check, f"{count} since it was started")
    return warn(check, f"{count} since it was started", f"See why: journalctl -u {unit} -p warning.")


def backlog(rows: Sequence[Row]) -> Finding:
    """How many files wait for normalize and sync."""
    check = "backlog"
    waiting = {row.worker: row.waiting or 0 for row in rows if row.worker in ("normalize", "sync")}
    counts = [f"{name}: {counted(count, 'file', 'files')}" for name, count in waiting.items()]
    text = ", ".join(counts) or "nothing waits"
    if max(waiting.values(), default=0) < BACKLOG_FILES:
        return ok(check, text)
    return warn(
        check,
        text,
        "Nothing is lost while the disk has room. If it grows, is the store slow, or the processor busy?",
    )


def last_upload(seconds: float | None, waiting: int) -> Finding:
    """Whether what is recorded reaches the lake. ``seconds``: since the last upload."""
    check, files = "last upload", counted(waiting, "file waits", "files wait")
    if seconds is None:
        return ok(check, "none since sync was started" + (f"; {files}" if waiting else ""))
    text = f"{duration_text(seconds * 1e9)} ago"
    if waiting and seconds > UPLOAD_SECONDS:
        return bad(check, f"{text}, and {files}", "daedalus status says why sync cannot go on.")
    return ok(check, text)
