"""What can be wrong with the machine. Pure, and only what lasts or matters now; `doctor` says more."""

from __future__ import annotations

from collections.abc import Iterator

from ..health import HOT, OFFSET_SECONDS, low_space
from ..units import bytes_text
from .observation import Limits, Observation
from .problem import Problem
from .state import State

__all__ = ["machine_problems"]

CLOCK_SECONDS = 600.0
"""A Pi that boots has no right time until the network answers: so long it may take."""
STEP_SECONDS = 1.0
TWO_LOOKS_SECONDS = 50.0


def machine_problems(seen: Observation, state: State, limits: Limits) -> Iterator[Problem]:
    """Everything that is wrong with the machine."""
    yield from _disk(seen, limits)
    yield from _clock(seen, state)
    yield from _board(seen)
    yield from _files(seen)
    kills, before = seen.machine.oom_kills, state.machine_oom_kills
    if kills is not None and before is not None and kills > before:
        yield Problem(
            key="oom",
            text=f"the kernel killed {kills - before} processes for want of memory: journalctl -k -g oom",
            critical=True,
            momentary=True,
        )


def _disk(seen: Observation, limits: Limits) -> Iterator[Problem]:
    free = seen.machine.disk_free
    if seen.machine.read_only:
        yield Problem(
            key="disk",
            text="the data directory lies on a file system that is read-only now, which is how a card dies. "
            "See: journalctl -k -g 'mmc|I/O error', then replace the card",
            critical=True,
        )
    elif seen.machine.unwritable and not (free is not None and free < limits.min_free):
        yield Problem(
            key="disk",
            text=f"nothing can be written in the data directory: {seen.machine.unwritable}. "
            "Recording waits, and what comes meanwhile is lost. See: daedalus doctor",
            critical=True,
        )
    elif free is not None and free < limits.min_free:
        yield Problem(
            key="disk",
            text=f"{bytes_text(free)} of disk are free: below {bytes_text(limits.min_free)} recording waits. "
            "Let sync upload, lower sync.retention.max_disk_mb, or delete what else lies there",
            critical=True,
        )
    elif free is not None and free < low_space(limits.min_free):
        yield Problem(
            key="disk",
            text=f"{bytes_text(free)} of disk are free, recording stops at {bytes_text(limits.min_free)}. "
            "What is not uploaded is never deleted: does sync get through?",
            holds_seconds=TWO_LOOKS_SECONDS,
        )


def _files(seen: Observation) -> Iterator[Problem]:
    if errors := seen.machine.disk_errors:
        yield Problem(
            key="card",
            text=f"the kernel tells of a card or disk that fails, {len(errors)} lines, the last: "
            f"{errors[-1].strip()[:200]}. Check cable and supply; if it goes on, save what is not uploaded "
            "and replace it",
            critical=True,
            momentary=True,
        )
    if closed := seen.machine.closed:
        yield Problem(
            key="closed",
            text=f"what waits in {', '.join(closed)} goes nowhere, as the workers may not read it. "
            "Give it to their user: chown -R",
            holds_seconds=TWO_LOOKS_SECONDS,
        )


def _clock(seen: Observation, state: State) -> Iterator[Problem]:
    machine = seen.machine
    if machine.clock_synchronized is False:
        yield Problem(
            key="clock",
            text="the clock is not synchronized, so the times of all that is recorded may be wrong. "
            "See: timedatectl status; NTP needs UDP port 123",
            holds_seconds=CLOCK_SECONDS,
        )
    elif machine.clock_offset is not None and abs(machine.clock_offset) > OFFSET_SECONDS:
        yield Problem(
            key="clock-offset",
            text=f"the clock is {machine.clock_offset:+.3f} s away from the time servers'",
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    if state.at is not None:
        step = (seen.now_ns - state.now_ns) / 1e9 - (seen.at - state.at)
        if abs(step) > STEP_SECONDS:
            yield Problem(key="clock-step", text=f"the clock was set by {step:+,.1f} s", momentary=True)


def _board(seen: Observation) -> Iterator[Problem]:
    machine = seen.machine
    if machine.undervoltage:
        yield Problem(
            key="undervoltage",
            text="the supply's voltage is too low, which corrupts cards. Use the Pi's own supply and cable",
            critical=True,
        )
    if machine.throttled:
        yield Problem(
            key="throttled",
            text="the processor is slowed down, by heat or a weak supply. Give it air, or another supply",
            holds_seconds=TWO_LOOKS_SECONDS,
        )
    if machine.temperature is not None and machine.temperature >= HOT:
        yield Problem(
            key="heat",
            text=f"the processor has {machine.temperature:.0f} °C. Give it air, or a heat sink",
            holds_seconds=TWO_LOOKS_SECONDS,
        )
