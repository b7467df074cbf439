"""From what each worker last said of itself to what is true now. Pure: clock and processes come in.

A status file outlives its worker. So "running" is believed only while the process lives and the file is
fresh; otherwise the row says what became of the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..health.thresholds import SILENT_AFTER_NS
from ..health.workers import Condition
from ..worker.status import (
    AnyStatus,
    IngestStatus,
    NormalizeStatus,
    SyncStatus,
    UnreadableStatus,
    WatchdogStatus,
)

__all__ = ["Row", "held_up", "view"]

_HELD_UP = ("running", "silent", "blocked")
_UNWELL = ("blocked", "killed", "power cut", "silent", "unreadable")


class Row(Struct, frozen=True, kw_only=True):
    """One worker. None: not known, or not counted by this kind of worker.

    ``waiting``: rows in ingest's queue, files before any other worker. ``unrecorded``: configured streams
    that bring nothing. ``note``: names these streams, or says why the worker is blocked. ``difference``: how
    a live worker differs from what is installed, or "". The last three fields say what it runs.
    """

    worker: str
    state: Condition
    pid: int | None = None
    alive: bool = False
    messages_per_second: float | None = None
    last_message_seconds: float | None = None
    waiting: int | None = None
    gaps: int | None = None
    unrecorded: int = 0
    rss_bytes: int | None = None
    updated_seconds: float | None = None
    note: str = ""
    difference: str = ""
    config_path: str = ""
    config_hash: str = ""
    version: str = ""

    @property
    def well(self) -> bool:
        """False if somebody should look. A worker that was stopped or never started is well."""
        return self.state not in _UNWELL


def view(
    statuses: Sequence[AnyStatus | UnreadableStatus],
    expected: Iterable[str],
    *,
    now_ns: int,
    boot_id: str,
    alive: Callable[[AnyStatus], bool],
    differs: Callable[[AnyStatus], str] = lambda _: "",
) -> list[Row]:
    """One row per worker: those expected in their order, then any other that left a status."""
    known = {status.worker: status for status in statuses}
    rows = []
    for name in dict.fromkeys([*expected, *known]):
        status = known.get(name)
        if status is None:
            rows.append(Row(worker=name, state="not started"))
        elif isinstance(status, UnreadableStatus):
            rows.append(Row(worker=name, state="unreadable", note=status.why))
        else:
            rows.append(_row(status, now_ns, boot_id, alive(status), differs))
    return rows


def _row(
    status: AnyStatus, now_ns: int, boot_id: str, alive: bool, differs: Callable[[AnyStatus], str]
) -> Row:
    state = _state(status, now_ns, boot_id, alive)
    alive = alive and state not in ("stopped", "power cut")
    row = Row(
        worker=status.worker,
        state=state,
        pid=status.process.pid,
        alive=alive,
        updated_seconds=_age(status.updated_ns, now_ns),
        note=status.note,
        difference=differs(status) if alive else "",
        config_path=status.process.config_path,
        config_hash=status.process.config_hash,
        version=status.process.version,
    )
    return _with_counts(row, status, now_ns, works=state in ("running", "blocked"))


def _with_counts(row: Row, status: AnyStatus, now_ns: int, *, works: bool) -> Row:
    """What only one kind of worker counts. ``works``: what speaks of now is true."""
    match status:
        case IngestStatus():
            last_ns = status.last_message_ns
            return replace(
                row,
                messages_per_second=status.messages_per_second if works else None,
                last_message_seconds=_age(last_ns, now_ns) if last_ns else None,
                waiting=status.queued_rows,
                gaps=status.gaps,
                unrecorded=status.unrecorded if works else 0,
                rss_bytes=status.rss_bytes if works else None,
            )
        case NormalizeStatus():
            return replace(row, waiting=status.segments_waiting, gaps=status.gaps)
        case SyncStatus():
            return replace(row, waiting=status.files_waiting)
        case WatchdogStatus():
            return replace(row, rss_bytes=status.rss_bytes if works else None)


def held_up(rows: Sequence[Row], reason: str) -> list[Row]:
    """The rows while nothing can be written; ``reason`` says why ("": the disk is well).

    A worker that cannot write its status cannot say so: what it last said is from before.
    """
    if not reason:
        return list(rows)
    return [
        replace(row, state="blocked", note=f"{reason}. {row.note}" if row.note else reason)
        if row.alive and row.state in _HELD_UP
        else row
        for row in rows
    ]


def _state(status: AnyStatus, now_ns: int, boot_id: str, alive: bool) -> Condition:
    if status.state == "stopped":
        return "stopped"
    if status.process.boot_id and boot_id and status.process.boot_id != boot_id:
        return "power cut"
    if not alive:
        return "killed"
    if now_ns - status.updated_ns > SILENT_AFTER_NS:
        return "silent"
    return status.state


def _age(then_ns: int, now_ns: int) -> float:
    return max(0, now_ns - then_ns) / 1e9  # not negative after a clock was set back
