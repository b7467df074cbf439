"""The table of what was measured, in docs/reliability.md between two marks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

__all__ = ["Measured"]

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = (
    "| test | fault | rounds | sent | recorded | fetched | in the ledger | in silence | twice | noted |\n"
    "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n"
)
_COLUMNS = ("rounds", "sent", "recorded", "fetched", "told", "silent", "twice")


class Measured:
    """Rows in the order in which they were noted; written sorted, so that two runs can be compared."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._rows: list[tuple[str, str, dict[str, Any]]] = []

    def note(self, module: str, fault: str, figures: dict[str, Any]) -> None:
        self._rows.append((module, fault, figures))

    def table(self) -> str:
        lines = [self._line(*row) for row in sorted(self._rows, key=lambda row: row[:2])]
        total = {name: sum(int(row[2].get(name, 0)) for row in self._rows) for name in _COLUMNS}
        return HEAD + "".join(lines) + self._line("", f"**all ({self._form} form)**", total)

    def write_into(self, page: Path) -> None:
        """Replace what lies between the marks."""
        before, _, rest = page.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        page.write_text(f"{before}{BEGIN}\n{self.table()}{END}{after}")

    def _line(self, module: str, fault: str, figures: dict[str, Any]) -> str:
        cells = [f"{figures[name]:,}" if name in figures else "" for name in _COLUMNS]
        causes = figures.get("causes") or {}
        noted = [f"{cause} {count:,}" for cause, count in sorted(causes.items())]
        noted += [
            f"{name.replace('_', ' ')} {value}"
            for name, value in figures.items()
            if name not in (*_COLUMNS, "causes")
        ]
        file = f"`{module}`" if module else ""
        return f"| {file} | {fault} | " + " | ".join(cells) + f" | {', '.join(noted)} |\n"
