"""The audit of a lake: every file read and held against its checksums, every row against the ledger.

What is said of a stream is computed from its rows: the ids that are there, the book they make. The
ledger is believed in nothing that rows can show; where they cannot, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from msgspec import Struct

from ..store.raw import CONNECTION, UNKNOWN
from .channel import ASIDE, ChannelAudit
from .coverage import MINUTE_NS, Event, outages, silences
from .numbering import channel_of
from .report import Finding, Report, StreamDay, totals
from .source import DamagedFileError, Lake, LakeFile, Listing
from .spans import Span, union

__all__ = ["Question", "audit", "expected_bytes"]

_OF_ROWS = {"book_digests": "book_updates"}


class Question(Struct, frozen=True):
    """What is to be audited; None: everything. Dates are inclusive; ``books``: rebuild them too."""

    since: str | None = None
    until: str | None = None
    exchange: str | None = None
    channel: str | None = None
    symbol: str | None = None
    books: bool = True

    def covers(self, date: str) -> bool:
        return (self.since or "") <= date <= (self.until or "9999")


def expected_bytes(listing: Listing, question: Question) -> int:
    """How many bytes an audit will read, about."""
    return sum(file.size for file in listing.files if _asked(file, question) and question.covers(file.date))


def audit(
    lake: Lake,
    question: Question | None = None,
    *,
    listing: Listing | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Audit a lake. ``progress`` hears of the bytes that were read. Raises `TargetError`."""
    question = question or Question()
    listing = listing or lake.listing()
    streams: list[StreamDay] = []
    findings = [
        Finding("stranger", key, "a file that daedalus did not name; readers count its rows")
        for key in listing.strangers
    ]
    findings += [Finding("unreadable", key, trouble) for key, trouble in listing.unreadable]
    findings += _without_siblings(listing, question)
    findings += _lost_segments(lake, listing, question)
    read_files = read_bytes = 0
    by_exchange: dict[str, dict[str, list[LakeFile]]] = {}
    for file in listing.files:
        if _asked(file, question):
            by_exchange.setdefault(file.exchange, {}).setdefault(file.channel, []).append(file)
    for exchange, channels in sorted(by_exchange.items()):
        events, off, damage = _connections(lake, exchange, listing, question)
        findings += damage
        audits: dict[str, ChannelAudit] = {}
        parts: dict[tuple[str, str], list[Span]] = {}
        # Aggregate trades come first: they tell what single trades there were.
        for channel, files in sorted(channels.items(), key=lambda item: (not _aggregates(item[1]), item[0])):
            dates = sorted({file.date for file in files if question.covers(file.date)})
            one = ChannelAudit(
                lake,
                exchange,
                channel,
                files,
                dates,
                symbol=question.symbol,
                books=question.books,
                outages=off,
                parts=parts,
                progress=progress,
            )
            if channel in (CONNECTION, UNKNOWN):
                one.check()
            else:
                streams += one.run()
            findings += one.findings
            read_files, read_bytes = read_files + one.files, read_bytes + one.bytes
            audits[channel] = one
            parts |= one.parts if _aggregates(files) else {}
        if question.symbol is None:
            findings += _silent(exchange, audits, events)
    streams.sort(key=lambda each: (each.date, each.exchange, each.channel, each.symbol))
    return Report(lake.url, read_files, read_bytes, tuple(streams), tuple(sorted(findings)), totals(streams))


def _asked(file: LakeFile, question: Question) -> bool:
    return question.exchange in (None, file.exchange) and question.channel in (None, file.channel)


def _aggregates(files: Sequence[LakeFile]) -> bool:
    return any(file.table == "agg_trades" for file in files)


def _connections(
    lake: Lake, exchange: str, listing: Listing, question: Question
) -> tuple[list[Event], list[Span], list[Finding]]:
    """The exchange's connections' events, when none of them stood, and files that cannot be read."""
    events: list[Event] = []
    findings = []
    for file in listing.files:
        if file.table != "connections" or file.exchange != exchange or not question.covers(file.date):
            continue
        try:
            for batch in lake.batches(file):
                columns: list[list[Any]] = [
                    batch.column("timestamp").cast(pa.int64()).to_pylist(),
                    *(batch.column(name).to_pylist() for name in ("conn", "event")),
                ]
                events += [Event(at, conn, kind == "open") for at, conn, kind in zip(*columns, strict=True)]
        except DamagedFileError as damage:
            findings.append(Finding("damaged", file.key, str(damage).partition(": ")[2]))
    return events, outages(events), findings


def _silent(exchange: str, audits: dict[str, ChannelAudit], events: Sequence[Event]) -> list[Finding]:
    """Channels without rows while others had some, and nothing is written down that explains it."""
    found = []
    opened = [(event.at_ns // MINUTE_NS, event.at_ns // MINUTE_NS) for event in events]
    for channel, one in audits.items():
        limit = channel_of(exchange, channel).silence_seconds
        if limit is None:
            continue
        others, _ = union(span for name, each in audits.items() if name != channel for span in each.minutes)
        for first, last in silences(one.minutes, others, limit, [*opened, *one.gap_spans]):
            text = (
                f"no row for {last - first + 1:,} minutes from {_minute(first)} on, while other channels had "
                "some and no connection ended: rows are missing here, or were never written"
            )
            found.append(Finding("silent", f"{exchange} {channel}", text))
    return found


def _without_siblings(listing: Listing, question: Question) -> list[Finding]:
    """Files whose segment must have given rows, and these are not there."""
    there = {(file.table, file.exchange, file.channel, file.number) for file in listing.files}
    return [
        Finding("file missing", file.key, f"the {_OF_ROWS[file.table]} of the same segment are not there")
        for file in listing.files
        if file.table in _OF_ROWS
        and _asked(file, question)
        and question.covers(file.date)
        and (_OF_ROWS[file.table], file.exchange, file.channel, file.number) not in there
    ]


def _lost_segments(lake: Lake, listing: Listing, question: Question) -> list[Finding]:
    """Raw segments with messages, of which no table has a row.

    Where old tables were deleted to make room, raw from before the oldest one says nothing.
    """
    there = {(file.exchange, file.channel, file.number) for file in listing.files if file.table not in ASIDE}
    oldest: dict[str, int] = {}
    for exchange, _, number in there:
        oldest[exchange] = min(number, oldest.get(exchange, number))
    found = []
    for raw in listing.raw:
        exchange, channel = raw.segment.partition.exchange, raw.segment.partition.channel
        key = exchange, channel, raw.segment.number
        date = raw.segment.sealed_path.parts[2].partition("=")[2]
        asked = question.exchange in (None, exchange) and question.channel in (None, channel)
        if (
            key in there
            or not asked
            or not question.covers(date)
            or channel_of(exchange, channel).table is None
        ):
            continue
        if raw.segment.number < oldest.get(exchange, 0):
            continue
        messages = lake.messages(raw)
        if messages:
            what = "cannot be read" if messages < 0 else f"has {messages:,} messages"
            text = f"this raw file {what}, and no table has rows of it"
            found.append(Finding("file missing", f"raw/{raw.segment.sealed_path}", text))
    return found


def _minute(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 60, UTC):%Y-%m-%d %H:%M}"
