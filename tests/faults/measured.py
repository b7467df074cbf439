"""The table of what was measured, in docs/reliability.md between two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["Measured"]

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
COLUMNS = ("rounds", "sent", "recorded", "fetched", "told", "silent", "twice")
HEAD = (
    "| test | fault | rounds | sent | recorded | fetched | in the ledger | in silence | duplicates "
    "| noted |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
)
_ALL = "**all**"

Key = tuple[str, str]


class Measured:
    """A row for each fault; what another run measured of other faults stays in the page."""

    def __init__(self) -> None:
        self._rows: dict[Key, list[str]] = {}

    def note(self, module: str, fault: str, figures: dict[str, Any]) -> None:
        cells = [f"{figures[name]:,}" if name in figures else "" for name in COLUMNS]
        causes: dict[str, int] = figures.get("causes") or {}
        noted = [f"{cause} {count:,}" for cause, count in sorted(causes.items())]
        others = [name for name in figures if name not in (*COLUMNS, "causes")]
        noted += [f"{name.replace('_', ' ')} {_text(figures[name])}" for name in others]
        self._rows[f"`{module}`", fault] = [*cells, ", ".join(noted)]

    def write_into(self, page: Path) -> None:
        """Replace what lies between the marks."""
        before, _, rest = page.read_text().partition(BEGIN)
        table, _, after = rest.partition(END)
        rows = _read(table) | self._rows
        page.write_text(f"{before}{BEGIN}\n{_table(rows)}{END}{after}")


def _table(rows: dict[Key, list[str]]) -> str:
    total = [
        sum(int(cells[at].replace(",", "") or 0) for cells in rows.values()) for at in range(len(COLUMNS))
    ]
    lines = {**dict(sorted(rows.items())), ("", _ALL): [*(f"{count:,}" for count in total), ""]}
    return HEAD + "".join(f"| {' | '.join([*key, *cells])} |\n" for key, cells in lines.items())


def _read(table: str) -> dict[Key, list[str]]:
    lines = [line.strip().removeprefix("|").removesuffix("|").split("|") for line in table.splitlines()]
    found = [[cell.strip() for cell in line] for line in lines if len(line) > 1]
    return {(cells[0], cells[1]): _padded(cells[2:]) for cells in found if cells[0].startswith("`")}


def _padded(cells: list[str]) -> list[str]:
    return [*cells, *[""] * (len(COLUMNS) + 1 - len(cells))]


def _text(value: object) -> str:
    return f"{value:,.4g}" if isinstance(value, float) else str(value)
