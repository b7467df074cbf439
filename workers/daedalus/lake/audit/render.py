"""An audit's report for people (lines and tables) and for machines (one JSON object)."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ...shown import shown
from ...units import bytes_text, counted
from .lines import aligned, percent_text, sentence, stream_lines
from .report import Finding, Report, StreamDay, Total, Verdict

__all__ = ["as_json", "show_report", "styled"]

_STYLES = {
    Verdict.COMPLETE: "green",
    Verdict.REPAIRED: "green",
    Verdict.UNPROVED: "cyan",
    Verdict.MISSING: "yellow",
    Verdict.BROKEN: "red",
}
_MOST_LINES = 400
_TABLE_WIDTH = 150
"""A terminal this wide has room for every figure."""


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    plain: dict[str, Any] = msgspec.to_builtins(report)
    plain["sound"] = report.sound
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def show_report(console: Console, report: Report, *, only_problems: bool = False) -> None:
    """Print a line per stream and day, how much is intact and proved, and what is wrong.

    ``only_problems``: leave out streams without a loss, a finding or a doubt.
    """
    _print(console, f"{report.url}: {report.files:,} files, {bytes_text(report.bytes)}, read and checked")
    streams = [each for each in report.streams if not only_problems or not each.intact or each.doubts]
    told = streams[-_MOST_LINES:]
    if len(streams) > len(told):
        _print(console, f"{len(streams) - len(told):,} earlier lines are left out; --json has them all.")
    if console.is_terminal and console.width >= _TABLE_WIDTH:
        console.print(_table(told))
    else:
        for line, stream in zip(styled(told, max(80, console.width)), told, strict=True):
            _print(console, line)
            _notes(console, stream)
    groups = report.totals
    for name in ("exchange", "channel") + (("date",) if len(groups.get("date", ())) > 1 else ()):
        _totals(console, name, groups.get(name, ()))
    if report.unclaimed:
        files = counted(report.unclaimed, "file has", "files have")
        text = f"{files} no checksum of the rows: an altered value would not be noticed."
        _print(console, "")
        _wrapped(console, text, "yellow")
    if report.findings:
        _print(console, Text("\n" + counted(len(report.findings), "problem:", "problems:"), "bold red"))
    for finding in report.findings:
        _finding(console, finding)
    _conclude(console, report)


def styled(streams: Sequence[StreamDay], width: int, *, dates: bool = True) -> list[Text]:
    """The lines of `stream_lines`, each in the colour of its verdict."""
    lines = stream_lines(streams, dates=dates, width=width)
    return [Text(line, _STYLES[stream.verdict]) for line, stream in zip(lines, streams, strict=True)]


def _notes(console: Console, stream: StreamDay) -> None:
    for note in (*stream.doubts, *stream.notes):
        _wrapped(console, note, "dim", indent="    ")


def _finding(console: Console, finding: Finding) -> None:
    _print(console, Text(f"{finding.kind}: {shown(finding.where)}", "red"))
    _wrapped(console, finding.text, indent="    ")


def _conclude(console: Console, report: Report) -> None:
    if report.agrees:
        _print(console, Text("\nThe lake holds what its ledger says.", "green"))
    elif report.sound:
        _print(console, "")
        text = "No row contradicts the ledger, but the two do not agree in full: see the notes above."
        _wrapped(console, text if report.streams else "Nothing is wrong with these files.", "yellow")


def _print(console: Console, text: str | Text) -> None:
    """One line, whatever the width."""
    console.print(text, soft_wrap=True, highlight=False, markup=False)


def _wrapped(console: Console, text: str, style: str = "", indent: str = "") -> None:
    """Text over as many lines as it needs, no word cut."""
    for line in textwrap.wrap(
        shown(text),
        max(40, console.width),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    ):
        _print(console, Text(line, style))


def _table(streams: Sequence[StreamDay]) -> Table:
    """All figures, for a wide terminal."""
    table = Table(title="Streams", title_justify="left")
    for name in ("date", "exchange", "channel", "symbol"):
        table.add_column(name)
    for name in ("rows", "ids", "open", "filled", "unfill.", "missing", "off s", "complete", "clock ms"):
        table.add_column(name, justify="right")
    table.add_column("verdict and notes")
    for each in streams:
        percent = (
            "" if each.complete_percent is None else f"{percent_text(each.complete_percent)} {each.basis}"
        )
        verdict = sentence(each) + (", lossy by design" if each.lossy else "")
        table.add_row(
            each.date,
            each.exchange,
            each.channel,
            Text(shown(each.symbol)),
            f"{each.rows:,}",
            "" if each.ids is None else f"{each.ids:,}",
            _count(each.gaps_open),
            _count(each.gaps_filled),
            _count(each.gaps_unfillable),
            "?" if each.missing is None else _count(each.missing),
            f"{each.seconds_unconnected:.1f}" if each.seconds_unconnected else "",
            percent,
            "" if each.clock_offset_ms is None else f"{each.clock_offset_ms:.1f}",
            Text("\n".join((verdict, *each.doubts, *each.notes)), _STYLES[each.verdict]),
        )
    return table


def _totals(console: Console, name: str, groups: Sequence[Total]) -> None:
    rows = [(f"per {name}", "stream days", "no known loss", "proved complete")]
    rows += [
        (
            each.group,
            f"{each.days:,}",
            f"{percent_text(each.intact_percent)} %",
            f"{percent_text(each.proved_percent)} %",
        )
        for each in groups
    ]
    for line in ("", *aligned(rows, right=(1, 2, 3))) if groups else ():
        _print(console, line)


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
