"""What a person sees while the workers run: rates, problems, and the number of files in each state."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..store.layout import NORMALIZED, READY, SYNCED, Layout
from ..units import bytes_text
from ..worker.status import AnyStatus, IngestStatus, NormalizeStatus, UnreadableStatus, read_status
from .children import Child

__all__ = ["ProgressDisplay"]

REFRESH_SECONDS = 1.0
PLAIN_SECONDS = 5.0
HOUR_SECONDS = 3600
_ROUTINE = re.compile(r"\d+ streams on [1-9]\d* connections?")
"""The note in the status of an ingest worker while nothing is wrong."""


class ProgressDisplay:
    """A live table on a terminal, a line every five seconds elsewhere.

    Status files of earlier runs are ignored. If the output is gone (a closed terminal, a pipe without a
    reader), nothing more is shown, and the work goes on.
    """

    def __init__(self, console: Console, layout: Layout, children: Sequence[Child]) -> None:
        self._console = console
        self._layout = layout
        self._children = children
        self._begun_ns = time.time_ns()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._phase = ""
        self._shown = float("-inf")

    def __enter__(self) -> ProgressDisplay:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._try(self._live.stop)
            self._live = None

    def show(self, phase: str, ends_at: float | None) -> None:
        """Show the current state, at most once a second. ``ends_at``: monotonic seconds, or None."""
        now = time.monotonic()
        due = REFRESH_SECONDS if self._live is not None else PLAIN_SECONDS
        if phase == self._phase and now - self._shown < due:
            return
        self._phase, self._shown = phase, now
        left = f", {ends_at - now:.0f} s left" if ends_at is not None and ends_at > now else ""
        statuses = self._statuses()
        lines = [*_files(self._layout), *([_next_files()] if phase == "recording" else [])]
        if (live := self._live) is not None:
            shown = self._table(f"Daedalus: {phase}{left}", statuses, lines)
            self._try(lambda: live.update(shown, refresh=True))
        else:
            self.tell(f"{_line(f'{phase}{left}', statuses)} | {' | '.join(lines)}")

    def tell(self, line: str) -> None:
        """Print one line of any length."""
        self._try(lambda: self._console.print(Text(line), soft_wrap=True))

    def _try(self, show: Callable[[], None]) -> None:
        try:
            show()
        except (OSError, SystemExit):  # rich exits when its output has no reader
            self._console.quiet = True

    def _statuses(self) -> dict[str, AnyStatus]:
        found = {}
        for child in self._children:
            status = read_status(self._layout.status, child.name)
            if status is None or isinstance(status, UnreadableStatus):
                continue
            if status.process.started_ns >= self._begun_ns:
                found[child.name] = status
        return found

    def _table(self, title: str, statuses: dict[str, AnyStatus], lines: Sequence[str]) -> Group:
        """At most 80 columns wide. An exchange is shown without ``ingest-``."""
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0, show_edge=False)
        for name in ("worker", "state", "msg/s", "messages", "received", "gaps", "memory"):
            table.add_column(name, justify="left" if name in ("worker", "state") else "right", no_wrap=True)
        notes = []
        for child in self._children:
            status = statuses.get(child.name)
            state = _state(child, status)
            table.add_row(
                Text(_short(child)),
                Text(state, style="green" if state == "running" else "yellow"),
                *_counts(status),
            )
            if note := _note(child, status):
                notes.append(
                    Text(f"{_short(child)}: {note}", style="yellow", no_wrap=True, overflow="ellipsis")
                )
        return Group(table, *notes, *(Text(line, style="dim") for line in lines))


def _short(child: Child) -> str:
    return child.name.removeprefix("ingest-")


def _state(child: Child, status: AnyStatus | None) -> str:
    if child.alive:
        return status.state if status else "starting"
    return "stopped" if status and status.state == "stopped" else "ended"


def _note(child: Child, status: AnyStatus | None) -> str:
    """What a person should know about a worker; "" if nothing is wrong."""
    if status is None or not child.alive:
        return "" if _state(child, status) in ("starting", "stopped") else child.trouble()
    if status.state == "blocked" or child.restarts:
        again = f"restarted {child.restarts} times; " if child.restarts else ""
        return f"{again}{status.note or child.trouble()}"
    if isinstance(status, IngestStatus) and not status.messages:
        return child.trouble()
    return "" if _ROUTINE.fullmatch(status.note) else status.note


def _counts(status: AnyStatus | None) -> tuple[str, ...]:
    """Messages per second, messages, bytes, gaps and memory, as far as a worker counts them."""
    if isinstance(status, IngestStatus):
        return (
            f"{status.messages_per_second:,.0f}",
            f"{status.messages:,}",
            bytes_text(status.received_bytes),
            f"{status.gaps:,}",
            bytes_text(status.rss_bytes),
        )
    if isinstance(status, NormalizeStatus):
        return ("", f"{status.messages:,}", "", f"{status.gaps:,}", "")
    return ("", "", "", "", "")


def _line(title: str, statuses: dict[str, AnyStatus]) -> str:
    ingest = [status for status in statuses.values() if isinstance(status, IngestStatus)]
    rate = sum(each.messages_per_second for each in ingest)
    messages = sum(each.messages for each in ingest)
    size = sum(each.received_bytes for each in ingest)
    gaps = sum(each.gaps for each in ingest)
    return f"{title}: {rate:,.0f} msg/s, {messages:,} messages, {bytes_text(size)}, gaps {gaps}"


def _next_files() -> str:
    """When the hour ends: every file that is not full is sealed then."""
    minutes = (HOUR_SECONDS - int(time.time()) % HOUR_SECONDS + 59) // 60
    return f"the files of this hour reach the lake in at most {minutes} min, or when the run ends"


def _files(layout: Layout) -> list[str]:
    states = [("active", layout.active, "*.arrows")]
    states += [(state, layout.raw(state), "*.parquet") for state in (READY, NORMALIZED, SYNCED)]
    raw = ", ".join(f"{name} {_number(root, pattern)}" for name, root, pattern in states)
    tables = ", ".join(f"{state} {_number(layout.tables(state), '*.parquet')}" for state in (READY, SYNCED))
    return [f"raw files: {raw}", f"table files: {tables}"]


def _number(root: Path, pattern: str) -> int:
    # Not rglob: it fails if a directory is removed meanwhile.
    return sum(len(fnmatch.filter(names, pattern)) for _, _, names in os.walk(root))
