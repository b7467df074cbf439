"""Findings for people (a table) and for machines (JSON)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich import box
from rich.table import Table
from rich.text import Text

from ..health.finding import Finding, Level
from ..shown import shown

__all__ = ["as_json", "as_table"]

_STYLES = {Level.OK: "green", Level.WARN: "yellow", Level.BAD: "bold red"}


def as_table(findings: Sequence[Finding]) -> Table:
    """One row per check: what was found, and below it what to do."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    table.add_column("", no_wrap=True)
    table.add_column("check", no_wrap=True)
    table.add_column("found, and what to do", overflow="fold")
    for each in findings:
        text = Text(shown(each.found))
        if each.remedy:
            text.append(f"\n→ {shown(each.remedy)}", style="bold")
        table.add_row(Text(each.level.value, style=_STYLES[each.level]), Text(each.check), text)
    return table


def as_json(findings: Sequence[Finding]) -> str:
    """An array of objects with the fields of `Finding`."""
    return msgspec.json.encode(list(findings)).decode()
