"""Rows of `daedalus status` for people (a table) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ..shown import shown
from ..units import bytes_text, duration_text
from .view import Row

__all__ = ["as_json", "as_table"]

_NUMBERS = ("pid", "msg/s", "last", "waiting", "gaps", "memory")


def as_table(rows: Sequence[Row]) -> Group:
    """One line per worker, with a state that needs attention in red; below them the notes of the workers.

    At most 80 columns wide. "last": how long ago the last message came.
    """
    table = Table(box=box.SIMPLE_HEAD, padding=0, show_edge=False, pad_edge=False)
    table.add_column("worker", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        last, memory = row.last_message_seconds, row.rss_bytes
        table.add_row(
            Text(row.worker),
            Text(row.state, style=_style(row)),
            str(row.pid) if row.pid is not None and row.alive else "",
            _number(row.messages_per_second),
            duration_text(last * 1e9) if last is not None else "",
            _number(row.waiting),
            _number(row.gaps),
            bytes_text(memory) if memory is not None else "",
        )
    notes = [
        Text(shown(f"{row.worker}: {row.note}"), style="" if row.well else "red") for row in rows if row.note
    ]
    notes += [Text(f"{row.worker}: {row.difference}", style="yellow") for row in rows if row.difference]
    return Group(table, Text(), *notes) if notes else Group(table)


def as_json(rows: Sequence[Row]) -> str:
    """An array of rows, with the fields of `Row` and ``well``."""
    return msgspec.json.encode([{**msgspec.structs.asdict(row), "well": row.well} for row in rows]).decode()


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value < 1e6 else f"{value / 1e6:,.1f}M"


def _style(row: Row) -> str:
    if not row.well:
        return "bold red"
    return "green" if row.state == "running" else "dim"
