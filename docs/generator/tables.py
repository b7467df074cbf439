"""The columns of every table, for docs/data-format.md."""

from __future__ import annotations

from collections.abc import Iterator

from daedalus.tables.registry import TABLES
from daedalus.tables.table import KEY, Column, Table

__all__ = ["columns"]

TYPES = {"time": "timestamp"}


def columns() -> str:
    """A heading and a list of columns for each table; the columns that nearly all share stand first, once."""
    parts = ["Nearly every table begins with these columns:", "\n".join(_rows(KEY))]
    for table in TABLES.values():
        parts += [f"#### `{table.name}`", table.about, "\n".join(_rows(_own(table)))]
    return "\n\n".join(parts)


def _own(table: Table) -> list[Column]:
    """The columns of a table without the shared ones, where it begins with all of those."""
    shared = {(column.name, column.meaning) for column in KEY}
    own = [column for column in table.columns if (column.name, column.meaning) not in shared]
    return own if len(table.columns) - len(own) == len(KEY) else list(table.columns)


def _rows(columns: tuple[Column, ...] | list[Column]) -> Iterator[str]:
    yield "| column | type | meaning |"
    yield "| --- | --- | --- |"
    for column in columns:
        kind = TYPES.get(column.kind, column.kind) + ("" if column.required else " or null")
        yield f"| `{column.name}` | {kind} | {column.meaning} |"
