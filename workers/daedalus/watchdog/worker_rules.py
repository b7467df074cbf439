"""What a person is told about a worker, and when it is restarted. Pure: from this look and the state."""

from __future__ import annotations

from collections.abc import Iterator

from ..health.thresholds import NO_DATA_SECONDS
from ..health.workers import life, log_of, unrecorded
from ..units import bytes_text, duration_text
from .observation import Limits, MemorySeen, WorkerSeen
from .problem import TWO_LOOKS_SECONDS, Cure, Problem, problem_of
from .state import WorkerState

__all__ = ["worker_problems"]

QUIET_SECONDS = 1800.0
"""No data for so long on a connection that looks alive: told, not cured. A market may be closed."""
STALLED_PERCENT = 40.0
START_SECONDS = 300.0
"""How long a worker may take until its first word; as long as TimeoutStartSec= of its unit."""
LOOP_STARTS, LOOP_SECONDS = 3, 900.0


def worker_problems(
    seen: WorkerSeen, before: WorkerState, limits: Limits, at: float, *, takes_writes: bool = True
) -> Iterator[Problem]:
    """Everything that is wrong with one worker at the moment ``at``. ``takes_writes``: of the disk."""
    yield from _loop(seen, before, at)
    if (problem := _life(seen)) is not None and (takes_writes or not _needs_writes(seen)):
        yield problem
    yield from _oom(seen, before)
    if seen.unrecorded and seen.works:
        yield problem_of(unrecorded(seen.worker, seen.note), f"unrecorded:{seen.worker}", worker=seen.worker)
    if seen.works or seen.state == "silent":
        if seen.memory is not None:
            yield from _memory(seen, seen.memory, before, limits)
        if takes_writes:
            yield from _data(seen, before)


def _loop(seen: WorkerSeen, before: WorkerState, at: float) -> Iterator[Problem]:
    recent = [start for start in before.starts if at - start < LOOP_SECONDS]
    if len(recent) >= LOOP_STARTS:
        yield Problem(
            key=f"loop:{seen.worker}",
            text=f"{seen.worker} has been started {len(recent)} times within "
            f"{duration_text(LOOP_SECONDS * 1e9)}. Look at the end of its log: {_log(seen)}",
            critical=True,
            worker=seen.worker,
        )


def _needs_writes(seen: WorkerSeen) -> bool:
    """Whether the disk may be to blame: while it takes no writes, no worker can say that it lives."""
    return seen.state in ("silent", "not started", "unreadable")


def _life(seen: WorkerSeen) -> Problem | None:
    name, records = seen.worker, seen.worker.startswith("ingest-")
    found = life(name, seen.state, seen.note, seen.pid, service=bool(seen.unit))
    match seen.state:
        case "killed" | "power cut":
            return problem_of(found, f"dead:{name}", critical=True, worker=name)
        case "silent":
            return problem_of(found, f"hung:{name}", critical=True, worker=name, cure=Cure.RESTART)
        case "blocked":
            return problem_of(found, f"blocked:{name}", critical=records, worker=name)
        case "unreadable":
            return problem_of(found, f"unreadable:{name}", critical=records, worker=name)
        case "not started":
            return problem_of(
                found, f"absent:{name}", critical=records, worker=name, holds_seconds=START_SECONDS
            )
        case _:
            return None


def _oom(seen: WorkerSeen, before: WorkerState) -> Iterator[Problem]:
    name = seen.worker
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
        return  # it does not read, and has said why
    name, length = seen.worker, duration_text(silent * 1e9)
    fruitless = seen.connected == 0 or seen.reconnects > before.reconnects
    if (silent >= NO_DATA_SECONDS and (fruitless or before.revived)) or (before.deaf and not seen.heard):
        yield Problem(
            key=f"no-data:{name}",
            text=f"{name} has received nothing for {length}, and connecting anew brought nothing back. "
            f"Check the network and the exchange's own status page; its log: {_log(seen)}",
            critical=before.revived
            and not seen.heard
            and silent >= NO_DATA_SECONDS,  # a restart did not help
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
    return log_of(seen.worker, service=bool(seen.unit))
