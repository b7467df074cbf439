"""One look at status files, processes, control groups, disk and board. Reads, and decides nothing."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import psutil

from .. import host
from ..health.workers import unit_of
from ..status.observe import process_lives
from ..status.view import Row, view
from ..store.data_disk import why_unmounted
from ..store.disk import free_bytes
from ..store.layout import Layout
from ..store.permissions import unreadable
from ..worker.status import AnyStatus, IngestStatus, UnreadableStatus, read_statuses
from .observation import MachineSeen, MemorySeen, Observation, WorkerSeen

__all__ = ["look"]

ROOT = Path("/")


def look(
    layout: Layout, workers: Iterable[str], root: Path = ROOT, kernel_cursor: str | None = None
) -> Observation:
    """Look at these workers and at the machine below ``root``.

    ``kernel_cursor``: how far the kernel's log was read before. "": read it from the start of this boot.
    None: skip what it says up to now.
    """
    names = list(workers)
    boot, now_ns = host.boot_id(), time.time_ns()
    statuses = {each.worker: each for each in read_statuses(layout.status) if each.worker in names}
    rows = view(list(statuses.values()), names, now_ns=now_ns, boot_id=boot, alive=process_lives)
    return Observation(
        at=time.monotonic(),
        now_ns=now_ns,
        boot_id=boot,
        workers=tuple(_worker(row, statuses.get(row.worker), now_ns, root) for row in rows),
        machine=_machine(layout, root, kernel_cursor),
    )


def _worker(row: Row, status: AnyStatus | UnreadableStatus | None, now_ns: int, root: Path) -> WorkerSeen:
    if status is None or isinstance(status, UnreadableStatus) or not row.alive:
        # Its process is gone. It was probably started the way this one was.
        unit = unit_of(row.worker) if _is_unit(host.own_cgroup(os.getpid(), root), "watchdog") else ""
        return WorkerSeen(worker=row.worker, state=row.state, note=row.note, unit=unit)
    process = status.process
    group = host.own_cgroup(process.pid, root)
    unit = unit_of(row.worker) if _is_unit(group, row.worker) else ""
    ingest = status if isinstance(status, IngestStatus) else None
    since_ns = (ingest.last_message_ns or process.started_ns) if ingest else None
    return WorkerSeen(
        worker=row.worker,
        state=row.state,
        pid=process.pid,
        unit=unit,
        note=status.note,
        started_ns=process.started_ns,
        memory=_memory(process.pid, group if unit else None, root),
        silent_seconds=max(0, now_ns - since_ns) / 1e9 if since_ns is not None else None,
        heard=ingest is not None and ingest.last_message_ns > 0,
        reconnects=ingest.reconnects if ingest else 0,
        connected=ingest.connected if ingest else 0,
        unrecorded=row.unrecorded,
    )


def _is_unit(group: str | None, worker: str) -> bool:
    return group is not None and PurePosixPath(group).name == unit_of(worker)


def _memory(pid: int, group: str | None, root: Path) -> MemorySeen | None:
    """The memory of the unit if the kernel counts it, else that of the process."""
    counted = host.read_memory(group, root) if group is not None else None
    if counted is not None:
        return MemorySeen(
            used=counted.used,
            high=counted.high,
            throttled=counted.throttled,
            oom_kills=counted.oom_kills,
            stalled_percent=counted.stalled_percent,
        )
    try:
        resident = psutil.Process(pid).memory_info().rss
    except psutil.Error:
        return None
    return MemorySeen(used=resident + host.read_swapped(pid, root))


def _machine(layout: Layout, root: Path, kernel_cursor: str | None) -> MachineSeen:
    clock, power = host.read_clock(root), host.read_power(root)
    writing = host.try_writing(layout.written, root)
    hangs = writing.trouble is host.WriteTrouble.HANGS
    # On this machine only, and not while the disk hangs: reading its journal would hang too.
    kernel = host.read_kernel_log(kernel_cursor or "") if root == ROOT and not hangs else None
    new = kernel.lines if kernel and kernel_cursor is not None else ()
    try:
        free: int | None = free_bytes(layout.data_dir)
    except OSError:
        free = None
    return MachineSeen(
        disk_free=free,
        read_only=writing.read_only,
        unwritable=why_unmounted(layout.data_dir, root) or writing.found,
        clock_synchronized=clock.synchronized,
        clock_offset=clock.offset_seconds,
        temperature=host.read_temperature(root),
        undervoltage=power is not None and power.now.undervoltage,
        throttled=power is not None and (power.now.throttled or power.now.capped or power.now.hot),
        oom_kills=host.read_oom_kills(root),
        disk_errors=tuple(host.dying_disk_lines(new, host.device_of(layout.data_dir, root))),
        kernel_cursor=kernel.cursor if kernel else kernel_cursor or "",
        closed=tuple(str(path) for path in unreadable(layout)) if not hangs else (),
    )
