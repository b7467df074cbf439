"""The decision: from observation and state to what is done and told. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..health.thresholds import NO_DATA_SECONDS
from ..units import duration_text
from .machine_rules import machine_problems
from .notify_policy import Announcement, follow_problems
from .observation import Limits, Observation, WorkerSeen
from .problem import Cure, Problem
from .state import OpenProblem, State, WorkerState
from .worker_rules import LOOP_SECONDS, worker_problems

__all__ = ["Decision", "Restart", "decide"]

PAUSES = (0.0, 300.0, 900.0, 2_700.0, 7_200.0, 21_600.0)
"""Pauses before the first, second, … restart of a worker, counted from the one before: never in a loop."""

FORGET_SECONDS = 86_400.0
"""A restart counts for this long."""


class Restart(Struct, frozen=True, kw_only=True):
    """End this worker's process; whoever started it starts it again."""

    worker: str
    pid: int
    unit: str
    reason: str


class Decision(Struct, frozen=True, kw_only=True):
    """What to do, what to tell, and what to remember."""

    restarts: tuple[Restart, ...]
    announcements: tuple[Announcement, ...]
    state: State


def decide(seen: Observation, state: State, limits: Limits) -> Decision:
    """Decide what follows from one look."""
    state = state.in_boot(seen.boot_id)
    before = {each.worker: _recall(each, state.workers.get(each.worker), seen.at) for each in seen.workers}
    problems = list(machine_problems(seen, state, limits))
    restarts: list[Restart] = []
    after: dict[str, WorkerState] = {}
    for worker in seen.workers:
        writes = seen.machine.takes_writes
        found = list(worker_problems(worker, before[worker.worker], limits, seen.at, takes_writes=writes))
        memory = _remember(worker, before[worker.worker], found)
        told, restart = _cure(worker, found, memory, state.problems, seen.at, takes_writes=writes)
        if restart is not None:
            restarts.append(restart)
            once = any(p.cure is Cure.RESTART_ONCE for p in found if _held(p, state.problems, seen.at))
            memory = replace(
                memory,
                restarts=(*_within(memory.restarts, seen.at, FORGET_SECONDS), seen.at),
                revived=memory.revived or once,
            )
        problems += told
        after[worker.worker] = memory
    still, news = follow_problems(
        problems, state.problems, at=seen.at, now_ns=seen.now_ns, repeat_seconds=limits.repeat_seconds
    )
    news += [_announced(each, {word.text for word in news}) for each in restarts]
    remembered = State(
        boot_id=seen.boot_id,
        at=seen.at,
        now_ns=seen.now_ns,
        machine_oom_kills=seen.machine.oom_kills,
        kernel_cursor=seen.machine.kernel_cursor,
        workers=after,
        problems=still,
        undelivered=state.undelivered,
    )
    return Decision(restarts=tuple(restarts), announcements=tuple(news), state=remembered)


def _recall(seen: WorkerSeen, before: WorkerState | None, at: float) -> WorkerState:
    """What is remembered about a worker. The counters of a new process begin again."""
    if before is None:
        return WorkerState(
            started_ns=seen.started_ns,
            throttled=seen.memory.throttled if seen.memory else 0,
            oom_kills=seen.memory.oom_kills if seen.memory else 0,
            reconnects=seen.reconnects,
        )
    starts = _within(before.starts, at, LOOP_SECONDS)
    if not seen.started_ns or seen.started_ns == before.started_ns:
        return replace(before, starts=starts)
    if before.started_ns:
        starts = (*starts, at)
    return replace(before, started_ns=seen.started_ns, starts=starts, reconnects=0)


def _remember(seen: WorkerSeen, before: WorkerState, found: list[Problem]) -> WorkerState:
    hears = seen.heard and seen.silent_seconds is not None and seen.silent_seconds < NO_DATA_SECONDS
    return replace(
        before,
        throttled=seen.memory.throttled if seen.memory else before.throttled,
        oom_kills=seen.memory.oom_kills if seen.memory else before.oom_kills,
        reconnects=seen.reconnects if hears else before.reconnects,
        deaf=any(problem.key.startswith("no-data:") for problem in found) or (before.deaf and not seen.works),
        revived=before.revived and not hears,
    )


def _announced(restart: Restart, told: set[str]) -> Announcement:
    reason = "" if restart.reason in told else f": {restart.reason}"
    return Announcement(f"restarting {restart.worker}{reason}", critical=True)


def _held(problem: Problem, known: dict[str, OpenProblem], at: float) -> bool:
    """Whether a problem has lasted long enough to be acted on."""
    first = known[problem.key].first if problem.key in known else at
    return at - first >= problem.holds_seconds


def _cure(
    seen: WorkerSeen,
    found: list[Problem],
    memory: WorkerState,
    known: dict[str, OpenProblem],
    at: float,
    *,
    takes_writes: bool,
) -> tuple[list[Problem], Restart | None]:
    """The problems, whose texts say what is done about them, and the restart that is due."""
    told: list[Problem] = []
    reasons: list[str] = []
    for problem in found:
        text = problem.text
        if problem.cure is not Cure.NONE and _held(problem, known, at):
            from_when = _allowed_at(memory.restarts, at)
            if problem.cure is Cure.RESTART_ONCE and memory.revived:
                text += ". It was restarted once, which did not help; it is not restarted again"
            elif not takes_writes:
                text += ". It is not restarted while the disk takes no writes: a new process could not start"
            elif seen.pid is None:
                text += ". Its process is not known, so it cannot be restarted from here"
            elif at < from_when:
                text += f". Restarted too often lately; not again for {duration_text((from_when - at) * 1e9)}"
            else:
                reasons.append(problem.text)
        told.append(replace(problem, text=text))
    if not reasons or seen.pid is None:
        return told, None
    return told, Restart(worker=seen.worker, pid=seen.pid, unit=seen.unit, reason="; ".join(reasons))


def _within(moments: Sequence[float], at: float, seconds: float) -> tuple[float, ...]:
    """The moments that lie at most ``seconds`` back."""
    return tuple(moment for moment in moments if at - moment <= seconds)


def _allowed_at(restarts: Sequence[float], at: float) -> float:
    """From when on a restart is allowed. ``restarts``: earlier ones, in order."""
    counted = _within(restarts, at, FORGET_SECONDS)
    if not counted:
        return at
    return counted[-1] + PAUSES[min(len(counted), len(PAUSES) - 1)]
