"""Observation, decision and state of the watchdog as text, for `--status`, `--once` and `--dry-run`."""

from __future__ import annotations

import time
from collections.abc import Sequence

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from .. import host
from ..config import Config
from ..status.observe import process_lives
from ..store.layout import Layout
from ..units import bytes_text, counted, duration_text
from ..worker.status import UnreadableStatus, read_status
from .decide import Decision
from .observation import Observation, WorkerSeen
from .spare import WORKER
from .state import State, load_state

__all__ = ["render_look", "render_state", "show_state"]


def show_state(config: Config) -> tuple[Group, bool]:
    """The state of this configuration's watchdog, and whether it runs without an open problem."""
    layout = Layout(config.data_dir)
    status = read_status(layout.status, WORKER)
    runs = (
        status is not None
        and not isinstance(status, UnreadableStatus)
        and status.state == "running"
        and process_lives(status)
    )
    state = load_state(layout.data_dir)
    shown = render_state(state, at=time.monotonic(), boot_id=host.boot_id())
    well = runs and not any(each.told is not None and not each.momentary for each in state.problems.values())
    return Group("the watchdog runs" if runs else "the watchdog does not run", shown), well


def render_look(seen: Observation, decision: Decision, *, dry_run: bool) -> Group:
    """One look: a line per worker, a line for the machine, and what was or would be done."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    for column in ("worker", "state", "unit", "memory", "last message"):
        table.add_column(column)
    for worker in seen.workers:
        table.add_row(*(Text(cell) for cell in _cells(worker)))
    would = "would " if dry_run else ""
    deeds = [f"{would}restart {each.worker}: {each.reason}" for each in decision.restarts]
    deeds += [f"{would}tell: {each.text}" for each in decision.announcements]
    return Group(table, Text(), *_lines([_machine(seen), *(deeds or ["nothing to do"])]))


def render_state(state: State, *, at: float, boot_id: str) -> Group:
    """The state: open problems, the restarts of the last day, alerts that are not delivered yet."""
    state = state.in_boot(boot_id)
    lines = [
        f"{'critical' if each.critical else 'warning'}, "
        f"for {duration_text((at - each.first) * 1e9)}: {each.text}"
        for each in state.problems.values()
        if each.told is not None and not each.momentary
    ] or ["no problem is open"]
    for worker, memory in state.workers.items():
        if memory.restarts:
            times = counted(len(memory.restarts), "time", "times")
            ago = duration_text((at - memory.restarts[-1]) * 1e9)
            lines.append(f"{worker}: restarted {times} in a day, last {ago} ago")
    if state.undelivered:
        lines.append(f"{counted(len(state.undelivered), 'alert waits', 'alerts wait')} to be delivered")
    return Group(*_lines(lines))


def _cells(worker: WorkerSeen) -> tuple[str, ...]:
    last = worker.silent_seconds
    return (
        worker.worker,
        worker.state,
        worker.unit or "-",
        bytes_text(worker.memory.used) if worker.memory else "-",
        f"{duration_text(last * 1e9)} ago" if last is not None and worker.heard else "-",
    )


def _machine(seen: Observation) -> str:
    machine = seen.machine
    clock = {True: "synchronized", False: "not synchronized", None: "not known"}[machine.clock_synchronized]
    parts = [f"clock {clock}"]
    if machine.disk_free is not None:
        parts.insert(0, f"disk free {bytes_text(machine.disk_free)}")
    if machine.temperature is not None:
        parts.append(f"{machine.temperature:.0f} °C")
    if machine.undervoltage:
        parts.append("undervoltage")
    return ", ".join(parts)


def _lines(lines: Sequence[str]) -> list[Text]:
    return [Text(line) for line in lines]
