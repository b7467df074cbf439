"""What a person is told about the machine. Pure. Only what lasts or matters now; `doctor` says more."""

from __future__ import annotations

from collections.abc import Iterator

from ..health import machine as rules
from ..health.finding import Level, bad
from .observation import Limits, MachineSeen, Observation
from .problem import Problem, problem_of
from .state import State

__all__ = ["machine_problems"]

CLOCK_SECONDS = 600.0
"""How long the time may be wrong after a boot: a Pi has no right time until the network answers."""
STEP_SECONDS = 1.0


def machine_problems(seen: Observation, state: State, limits: Limits) -> Iterator[Problem]:
    """Everything that is wrong with the machine."""
    machine = seen.machine
    if (disk := _disk(machine, limits)) is not None:
        yield disk
    yield from _clock(seen, state)
    yield from _board(machine)
    if machine.disk_errors:
        found = rules.card_errors(machine.disk_errors)
        yield problem_of(found, "card", critical=True, holds_seconds=0.0, momentary=True)
    if machine.closed:
        yield problem_of(rules.readable(machine.closed), "closed")
    kills, before = machine.oom_kills, state.machine_oom_kills
    if kills is not None and before is not None and kills > before:
        found = rules.oom_kills(kills - before)
        yield problem_of(found, "oom", critical=True, holds_seconds=0.0, momentary=True)


def _disk(machine: MachineSeen, limits: Limits) -> Problem | None:
    """The worst trouble of the disk: a full one takes no writes either, and is told as full."""
    room = rules.space(machine.disk_free, None, limits.min_free) if machine.disk_free is not None else None
    full = room is not None and room.level is Level.BAD
    if machine.read_only:
        found = rules.read_only("data_dir", machine.unwritable or "data_dir is read-only")
    elif machine.unwritable and not full:
        found = bad(
            "data_dir is writable",
            f"nothing can be written in data_dir: {machine.unwritable}",
            "Recording waits, and what comes meanwhile is lost. See: daedalus doctor",
        )
    elif room is None or room.level is Level.OK:
        return None
    elif full:
        found = room
    else:
        return problem_of(room, "disk")
    return problem_of(found, "disk", critical=True, holds_seconds=0.0)


def _clock(seen: Observation, state: State) -> Iterator[Problem]:
    machine = seen.machine
    if machine.clock_synchronized is not None:
        found = rules.clock(machine.clock_synchronized, machine.clock_offset)
        if found.level is Level.BAD:
            yield problem_of(found, "clock", holds_seconds=CLOCK_SECONDS)
        elif found.level is Level.WARN:
            yield problem_of(found, "clock-offset")
    if state.at is not None:
        step = (seen.now_ns - state.now_ns) / 1e9 - (seen.at - state.at)
        if abs(step) > STEP_SECONDS:
            yield Problem(key="clock-step", text=f"the clock was set by {step:+,.1f} s", momentary=True)


def _board(machine: MachineSeen) -> Iterator[Problem]:
    if machine.undervoltage:
        yield problem_of(rules.undervoltage(), "undervoltage", critical=True, holds_seconds=0.0)
    if machine.throttled:
        yield problem_of(rules.throttled(), "throttled")
    heat = rules.temperature(machine.temperature)
    if heat.level is Level.BAD:
        yield problem_of(heat, "heat")
