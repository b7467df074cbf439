"""What a person sees while the workers run: rates, and how many files lie in each state."""

from __future__ import annotations

import fnmatch
import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..store.layout import NORMALIZED, READY, SYNCED, Layout
from ..store.status import Status, read_statuses
from ..units import bytes_text
from .children import Child

__all__ = ["Progress"]

REFRESH_SECONDS = 1.0
PLAIN_SECONDS = 5.0


class Progress:
    """A live table on a terminal, a line every five seconds elsewhere."""

    def __init__(self, console: Console, layout: Layout, children: Sequence[Child]) -> None:
        self._console = console
        self._layout = layout
        self._children = children
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None
        self._phase = ""
        self._shown = float("-inf")

    def __enter__(self) -> Progress:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, phase: str, ends_at: float | None) -> None:
        """Show the present state, at most once a second. ``ends_at``: monotonic seconds, or None."""
        now = time.monotonic()
        due = REFRESH_SECONDS if self._live is not None else PLAIN_SECONDS
        if phase == self._phase and now - self._shown < due:
            return
        self._phase, self._shown = phase, now
        left = f", {ends_at - now:.0f} s left" if ends_at is not None and ends_at > now else ""
        statuses = read_statuses(self._layout.status)
        files = _files(self._layout)
        if self._live is not None:
            self._live.update(self._table(f"{phase}{left}", statuses, files), refresh=True)
        else:
            self._console.print(_line(f"{phase}{left}", statuses, files), highlight=False, soft_wrap=True)

    def _table(self, title: str, statuses: Sequence[Status], files: str) -> Table:
        table = Table(title=f"Daedalus: {title}", caption=files, caption_justify="left", expand=False)
        for name in ("worker", "state", "messages/s", "messages", "received", "gaps", "memory", "note"):
            table.add_column(name, justify="left" if name in ("worker", "state", "note") else "right")
        restarts = {child.name: child.restarts for child in self._children}
        for status in statuses:
            figures = status.figures
            state = status.state + (
                f" ({restarts[status.worker]} restarts)" if restarts.get(status.worker) else ""
            )
            table.add_row(
                status.worker,
                Text(state, style="green" if status.state == "running" else "yellow"),
                _count(figures, "messages_per_second"),
                _count(figures, "messages"),
                bytes_text(figures["bytes"]) if "bytes" in figures else "",
                _count(figures, "gaps"),
                bytes_text(figures["rss_bytes"]) if "rss_bytes" in figures else "",
                status.note,
            )
        return table


def _count(figures: dict[str, float], key: str) -> str:
    return f"{figures[key]:,.0f}" if key in figures else ""


def _line(title: str, statuses: Sequence[Status], files: str) -> str:
    ingest = [status.figures for status in statuses if status.worker.startswith("ingest-")]
    rate = sum(each.get("messages_per_second", 0) for each in ingest)
    messages = sum(each.get("messages", 0) for each in ingest)
    size = sum(each.get("bytes", 0) for each in ingest)
    gaps = sum(each.get("gaps", 0) for each in ingest)
    return (
        f"{title}: {rate:,.0f} msg/s, {messages:,.0f} messages, {bytes_text(size)}, gaps {gaps:.0f} | {files}"
    )


def _files(layout: Layout) -> str:
    states = [("active", layout.active, "*.arrows")]
    states += [(state, layout.raw(state), "*.parquet") for state in (READY, NORMALIZED, SYNCED)]
    raw = ", ".join(f"{name} {_number(root, pattern)}" for name, root, pattern in states)
    tables = ", ".join(f"{state} {_number(layout.tables(state), '*.parquet')}" for state in (READY, SYNCED))
    return f"raw files: {raw} | table files: {tables}"


def _number(root: Path, pattern: str) -> int:
    # Not rglob: it fails where a directory is swept while this looks.
    return sum(len(fnmatch.filter(names, pattern)) for _, _, names in os.walk(root))
