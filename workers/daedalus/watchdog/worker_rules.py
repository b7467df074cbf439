"""What can be wrong with one worker. Pure: what is seen, and what is remembered of the looks before."""

from __future__ import annotations

from collections.abc import Iterator

from ..units import bytes_text, duration_text
from .observation import Limits, MemorySeen, WorkerSeen
from .problem import Cure, Problem
from .state import WorkerState

__all__ = ["worker_problems"]

SILENT_SECONDS = 300.0
"""No data for so long, and the worker's own reconnects brought none back."""
QUIET_SECONDS = 1800.0
"""No data for so long on a connection that looks alive: told, not cured. A market may be closed."""
STALLED_PERCENT = 40.0
START_SECONDS = 300.0
"""So long a worker may take until its first word; TimeoutStartSec= of its unit is as long."""
TWO_LOOKS_SECONDS = 50.0
"""Longer than one look, shorter than two: it was so both times."""
LOOP_STARTS, LOOP_SECONDS = 3, 900.0


def worker_problems(
    seen: WorkerSeen, before: WorkerState, limits: Limits, at: float, *, takes_writes: bool = True
) -> Iterator[Problem]:
    """Everything that is wrong with one worker at the moment ``at``. ``takes_writes``: of the disk."""
    yield from _life(seen, before, at, takes_writes)
    if seen.state == "not started" and takes_writes:
        yield Problem(
            key=f"absent:{seen.worker}",
            text=f"{seen.worker} is configured and has never been started here. "
            f"{'Start it: daedalus start' if seen.unit else 'Start it: daedalus run'}",
            critical=seen.worker.startswith("ingest-"),
            worker=seen.worker,
            holds_seconds=START_SECONDS,
        )
    if seen.unrecorded and seen.works:
        yield Problem(
            key=f"unrecorded:{seen.worker}",
            text=f"{seen.worker} does not record all that is configured: {seen.note}",
            worker=seen.worker,
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    if seen.works or seen.state == "silent":
        if seen.memory is not None:
            yield from _memory(seen, seen.memory, before, limits)
        if takes_writes:
            yield from _data(seen, before)


def _life(seen: WorkerSeen, before: WorkerState, at: float, takes_writes: bool) -> Iterator[Problem]:
    name = seen.worker
    recent = [start for start in before.starts if at - start < LOOP_SECONDS]
    if len(recent) >= LOOP_STARTS:
        yield Problem(
            key=f"loop:{name}",
            text=f"{name} has been started {len(recent)} times within {duration_text(LOOP_SECONDS * 1e9)}. "
            f"Look at the end of its log: {_log(seen)}",
            critical=True,
            worker=name,
        )
    if seen.state in ("killed", "power cut"):
        yield Problem(
            key=f"dead:{name}",
            text=f"{name} has ended and was not started again. Start it, and see why: {_log(seen)}",
            critical=True,
            worker=name,
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    # Without a disk that takes writes its status grows old while it works: it cannot say that it lives.
    elif seen.state == "silent" and takes_writes:
        yield Problem(
            key=f"hung:{name}",
            text=f"{name} (process {seen.pid}) has stopped working: it lives, but says nothing any more",
            critical=True,
            worker=name,
            cure=Cure.RESTART,
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    elif seen.state == "blocked":
        yield Problem(
            key=f"blocked:{name}",
            text=f"{name} cannot go on: {seen.note}",
            critical=name.startswith("ingest-"),
            worker=name,
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    if seen.memory is not None and seen.memory.oom_kills > before.oom_kills:
        yield Problem(
            key=f"oom:{name}",
            text=f"{name} reached its memory limit and the kernel killed it. Record fewer symbols, or lower "
            "writer.queue_maxsize and writer.batch_size",
            critical=True,
            worker=name,
            momentary=True,
        )


def _memory(seen: WorkerSeen, memory: MemorySeen, before: WorkerState, limits: Limits) -> Iterator[Problem]:
    name, used = seen.worker, bytes_text(memory.used)
    over = memory.used >= limits.memory_restart
    if memory.used >= limits.memory_warn:
        then = "which is over" if over else "and is restarted at"
        yield Problem(
            key=f"memory:{name}",
            text=f"{name} holds {used} of memory, {then} {bytes_text(limits.memory_restart)}",
            critical=over,
            worker=name,
            cure=Cure.RESTART if over else Cure.NONE,
        )
    # Held at MemoryHigh it is reclaimed and slowed down instead of growing: as good as dead, below any limit.
    if memory.throttled > before.throttled and memory.stalled_percent >= STALLED_PERCENT:
        yield Problem(
            key=f"stalled:{name}",
            text=f"{name} is held at its MemoryHigh and waited for memory {memory.stalled_percent:.0f} % of "
            f"the last minute; it holds {used}",
            critical=True,
            worker=name,
            cure=Cure.RESTART,
            holds_seconds=TWO_LOOKS_SECONDS,
        )


def _data(seen: WorkerSeen, before: WorkerState) -> Iterator[Problem]:
    silent = seen.silent_seconds
    if silent is None or seen.state == "blocked":
        return  # what is blocked does not read: it has said why
    name, length = seen.worker, duration_text(silent * 1e9)
    fruitless = seen.connected == 0 or seen.reconnects > before.reconnects
    if (silent >= SILENT_SECONDS and (fruitless or before.revived)) or (before.deaf and not seen.heard):
        yield Problem(
            key=f"no-data:{name}",
            text=f"{name} has received nothing for {length}, and connecting anew brought nothing back. "
            f"Check the network and the exchange's own status page; its log: {_log(seen)}",
            critical=before.revived and not seen.heard and silent >= SILENT_SECONDS,  # a restart did not help
            worker=name,
            cure=Cure.RESTART_ONCE,
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    elif silent >= QUIET_SECONDS:
        yield Problem(
            key=f"quiet:{name}",
            text=f"{name} is connected and has received nothing for {length}. Are these symbols traded now?",
            worker=name,
            holds_seconds=TWO_LOOKS_SECONDS,
        )


def _log(seen: WorkerSeen) -> str:
    return f"journalctl -u {seen.unit} -e" if seen.unit else f"logs/{seen.worker}.log in data_dir"
