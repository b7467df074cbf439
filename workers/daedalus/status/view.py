"""From what workers last said of themselves to what is so now. Pure: clock and processes come in.

A status file outlives its worker. So "running" is believed only while its process lives and the
file is fresh; otherwise the row says what became of the worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..store.status import Status

__all__ = ["SILENT_AFTER_NS", "Row", "held_up", "view"]

SILENT_AFTER_NS = 30_000_000_000
"""A worker writes its status every few seconds; one older than this belongs to one that hangs."""

_WAITING = ("queue", "segments_waiting", "files_waiting")
_HELD_UP = ("running", "silent", "blocked")
_UNWELL = ("blocked", "killed", "power cut", "silent")


class Row(Struct, frozen=True, kw_only=True):
    """One worker. None: not known, or not a thing of this worker.

    ``state``: running, blocked (it says why in ``note``), stopped (in good order), killed (its process
    is gone), power cut (the machine was started since), silent (its process lives but says nothing),
    not started (it never was, here). ``waiting``: rows in ingest's queue, files before any other worker.
    ``unrecorded``: streams that are configured and bring nothing: left out, or fallen silent (see ``note``).
    ``difference``: how a live one differs from what is installed, "" where it does not; the configuration
    and version that it runs stand in the last three.
    """

    worker: str
    state: str
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
        """False where somebody should look; a worker that was never started or was stopped is well."""
        return self.state not in _UNWELL


def view(
    statuses: Sequence[Status],
    expected: Iterable[str],
    *,
    now_ns: int,
    boot_id: str,
    alive: Callable[[Status], bool],
    differs: Callable[[Status], str] = lambda _: "",
) -> list[Row]:
    """One row per worker: those expected in their order, then any other that left a status."""
    known = {status.worker: status for status in statuses}
    names = dict.fromkeys([*expected, *known])
    return [
        _row(known[name], now_ns, boot_id, alive(known[name]), differs)
        if name in known
        else Row(worker=name, state="not started")
        for name in names
    ]


def _row(status: Status, now_ns: int, boot_id: str, alive: bool, differs: Callable[[Status], str]) -> Row:
    state = _state(status, now_ns, boot_id, alive)
    alive = alive and state not in ("stopped", "power cut")
    figures = status.figures
    last = figures.get("last_message_ns")
    works = state in ("running", "blocked")
    waiting = next((figures[name] for name in _WAITING if name in figures), None)
    return Row(
        worker=status.worker,
        state=state,
        pid=status.pid,
        alive=alive,
        messages_per_second=figures.get("messages_per_second") if works else None,
        last_message_seconds=_age(int(last), now_ns) if last else None,
        waiting=_whole(waiting),
        gaps=_whole(figures.get("gaps")),
        unrecorded=int(figures.get("silent", 0) + figures.get("left_out", 0)) if works else 0,
        rss_bytes=_whole(figures.get("rss_bytes")) if works else None,
        updated_seconds=_age(status.updated_ns, now_ns),
        note=status.note,
        difference=differs(status) if alive else "",
        config_path=status.config_path,
        config_hash=status.config_hash,
        version=status.version,
    )


def held_up(rows: Sequence[Row], reason: str) -> list[Row]:
    """The rows, where nothing can be written and ``reason`` says why ("": all is well with the disk).

    A worker that cannot write cannot say so either: its last word is from before.
    """
    if not reason:
        return list(rows)
    return [
        replace(row, state="blocked", note=f"{reason}. {row.note}" if row.note else reason)
        if row.alive and row.state in _HELD_UP
        else row
        for row in rows
    ]


def _state(status: Status, now_ns: int, boot_id: str, alive: bool) -> str:
    if status.state == "stopped":
        return "stopped"
    if status.boot_id and boot_id and status.boot_id != boot_id:
        return "power cut"
    if not alive:
        return "killed"
    if now_ns - status.updated_ns > SILENT_AFTER_NS:
        return "silent"
    return status.state


def _age(then_ns: int, now_ns: int) -> float:
    return max(0, now_ns - then_ns) / 1e9  # a clock that was set back makes nobody younger than now


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
