"""What the pages say that the code knows: written from it, between markers, by `make docs`.

    <!-- tables: written by make docs -->
    ...
    <!-- end of tables -->

A test fails while a page says something else than the code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from daedalus.tables.registry import TABLES
from daedalus.tables.table import KEY, Column, Table

ROOT = Path(__file__).resolve().parent.parent
TYPES = {"time": "timestamp"}


def tables() -> str:
    """The columns of every table; those that nearly all begin with once."""
    parts = ["Nearly every table begins with these columns:", "\n".join(_rows(KEY))]
    for table in TABLES.values():
        parts += [f"#### `{table.name}`", table.about, "\n".join(_rows(_own(table)))]
    return "\n\n".join(parts)


def _own(table: Table) -> list[Column]:
    """The columns of a table without those that begin it as they begin nearly every table."""
    usual = {(column.name, column.meaning) for column in KEY}
    own = [column for column in table.columns if (column.name, column.meaning) not in usual]
    begins = len(table.columns) - len(own) == len(KEY)
    return own if begins else list(table.columns)


def _rows(columns: tuple[Column, ...] | list[Column]) -> Iterator[str]:
    yield "| column | type | what it says |"
    yield "| --- | --- | --- |"
    for column in columns:
        kind = TYPES.get(column.kind, column.kind) + ("" if column.required else " or null")
        yield f"| `{column.name}` | {kind} | {column.meaning} |"


SECTIONS: dict[str, tuple[str, Callable[[], str]]] = {"tables": ("docs/data-format.md", tables)}
"""Each section's page, and what gives its text."""


def fresh(page: str) -> str:
    """The page as it should be. Raises `ValueError` where it lacks the markers of a section."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for name, (where, written) in SECTIONS.items():
        if where != page:
            continue
        begin, end = f"<!-- {name}: written by make docs -->", f"<!-- end of {name} -->"
        found = re.compile(f"{re.escape(begin)}\n.*{re.escape(end)}", re.DOTALL)
        if not found.search(text):
            raise ValueError(f"{page}: has no section between '{begin}' and '{end}'")
        section = f"{begin}\n\n{written()}\n\n{end}"
        text = found.sub(lambda _, section=section: section, text)
    return text


if __name__ == "__main__":
    for page in {page for page, _ in SECTIONS.values()}:
        (ROOT / page).write_text(fresh(page), encoding="utf-8")
