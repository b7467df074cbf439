"""An audit's report for people (tables) and for machines (one JSON object)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from ..units import bytes_text
from .books import BookAt
from .report import Report, StreamDay, Total, Verdict

__all__ = ["as_json", "sentence", "show_book", "show_report"]

_STYLES = {
    Verdict.COMPLETE: "green",
    Verdict.REPAIRED: "green",
    Verdict.UNPROVED: "cyan",
    Verdict.MISSING: "yellow",
    Verdict.BROKEN: "red",
}
_SENTENCES = {
    Verdict.COMPLETE: "proved complete",
    Verdict.REPAIRED: "repaired",
    Verdict.UNPROVED: "cannot be proved",
    Verdict.BROKEN: "BROKEN",
}
_MOST_LINES = 400


def as_json(report: Report) -> str:
    """The report as one JSON object."""
    plain: dict[str, Any] = msgspec.to_builtins(report)
    plain["sound"] = report.sound
    return msgspec.json.format(msgspec.json.encode(plain), indent=2).decode()


def show_report(console: Console, report: Report) -> None:
    """Print a line per stream and day, how much is verified, and what is wrong."""
    console.print(f"{report.url}: {report.files:,} files, {bytes_text(report.bytes)}, read and checked")
    console.print(_streams(report.streams[-_MOST_LINES:]))
    if len(report.streams) > _MOST_LINES:
        console.print(f"… and {len(report.streams) - _MOST_LINES:,} lines before these; --json has them all.")
    for stream in report.streams[-_MOST_LINES:]:
        for note in stream.notes:
            console.print(
                f"{stream.date} {stream.exchange} {stream.channel} {stream.symbol}: {note}", style="dim"
            )
    groups = report.totals
    for name in ("exchange", "channel") + (("date",) if len(groups.get("date", ())) > 1 else ()):
        console.print(_totals(name, groups.get(name, ())))
    if report.findings:
        findings = Table(title="Not as it must be", title_justify="left", title_style="bold red")
        for name in ("what", "where", "says"):
            findings.add_column(name, overflow="fold")
        for finding in report.findings:
            findings.add_row(f"[red]{finding.kind}[/]", finding.where, finding.text)
        console.print(findings)
    elif report.streams:
        console.print("The lake holds what its ledger says.", style="green")
    else:
        console.print("There is nothing to audit here.", style="yellow")


def show_book(console: Console, book: BookAt) -> None:
    """Print a book with the asks above the bids, best ones in the middle."""
    table = Table(title=f"{book.exchange} {book.symbol} at {_time(book.at_ns)}", title_justify="left")
    table.add_column("side")
    for name in ("price", "amount"):
        table.add_column(name, justify="right")
    for price, amount in reversed(book.asks):
        table.add_row("[red]ask[/]", f"{price!r}", f"{amount!r}")
    table.add_section()
    for price, amount in book.bids:
        table.add_row("[green]bid[/]", f"{price!r}", f"{amount!r}")
    console.print(table)
    if not book.bids and not book.asks:
        console.print("The book is empty: the exchange said so, or took the last level away.")
    known = (
        "no digest to compare with"
        if book.verified_ns is None
        else (f"the recorder's digest agrees at {_time(book.verified_ns)}")
    )
    update = "" if book.last_id is None else f" {book.last_id}"
    console.print(f"last update{update} at {_time(book.local_ns)}; {known}")


def _streams(streams: Sequence[StreamDay]) -> Table:
    table = Table(title="Streams", title_justify="left")
    for name in ("date", "exchange", "channel", "symbol"):
        table.add_column(name)
    for name in ("rows", "ids", "open", "filled", "unfill.", "missing", "off s", "complete", "clock ms"):
        table.add_column(name, justify="right")
    table.add_column("verdict")
    for each in streams:
        percent = "" if each.complete_percent is None else f"{_percent(each.complete_percent)} {each.basis}"
        table.add_row(
            each.date,
            each.exchange,
            each.channel,
            each.symbol,
            f"{each.rows:,}",
            "" if each.ids is None else f"{each.ids:,}",
            _count(each.holes_open),
            _count(each.holes_filled),
            _count(each.holes_unfillable),
            "?" if each.missing is None else _count(each.missing),
            f"{each.seconds_unconnected:.1f}" if each.seconds_unconnected else "",
            percent,
            "" if each.clock_offset_ms is None else f"{each.clock_offset_ms:.1f}",
            sentence(each),
        )
    return table


def sentence(stream: StreamDay) -> str:
    """The verdict on a stream's day in words, coloured."""
    if stream.verdict is Verdict.MISSING:
        said = "missing an unknown number" if stream.missing is None else f"missing {stream.missing:,}"
    else:
        said = _SENTENCES[stream.verdict]
        if stream.verdict is Verdict.UNPROVED and stream.proof != "none":
            said = "no loss, by the ledger alone"  # what proves it is not in the rows
    if stream.verdict in (Verdict.COMPLETE, Verdict.REPAIRED):
        said += f" by {stream.evidence}"
    said += " (lossy by design)" if stream.lossy else ""
    return f"[{_STYLES[stream.verdict]}]{said}[/]"


def _totals(name: str, groups: Sequence[Total]) -> Table:
    table = Table(title=f"Verified, per {name}", title_justify="left")
    table.add_column(name)
    for column in ("stream days", "verified", "of these clean"):
        table.add_column(column, justify="right")
    for each in groups:
        clean = "" if each.clean_percent is None else f"{_percent(each.clean_percent)} %"
        table.add_row(each.group, f"{each.days:,}", f"{_percent(each.verified_percent)} %", clean)
    return table


def _time(ns: int) -> str:
    seconds, rest = divmod(ns, 10**9)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}{fraction}"


def _percent(value: float) -> str:
    """Never rounded up to 100: that would claim what is not so."""
    return "100" if value == 100 else f"{min(value, 99.999):.3f}".rstrip("0").rstrip(".")


def _count(number: int) -> str:
    return f"{number:,}" if number else ""
