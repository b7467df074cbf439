"""The audit of a lake: every file read and held against its checksums, every row against the ledger.

What is said of a stream is computed from its rows: the ids that are there, the book they make. The
ledger is believed in nothing that rows can show; where they cannot, that is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from ...storage.errors import TargetError
from ...store.raw import CONNECTION, UNKNOWN
from ..channels import channel_of
from ..connections import Event, events_of, outages
from ..reader import Lake, LakeFile, Listing
from ..spans import Span, union
from ..table_file import DamagedFileError
from .channel_audit import ChannelAudit
from .channel_reader import ASIDE, ChannelReader
from .question import Question, UnknownNameError, check_names, spelled
from .report import Finding, Report, StreamDay, totals
from .silence import MINUTE_NS, silences

__all__ = ["Question", "UnknownNameError", "audit", "expected_bytes"]

_OF_ROWS = {"book_digests": "book_updates"}


def expected_bytes(listing: Listing, question: Question) -> int:
    """How many bytes an audit will read, about."""
    return sum(file.size for file in listing.files if question.about(file))


def audit(
    lake: Lake,
    question: Question | None = None,
    *,
    listing: Listing | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Audit a lake. ``progress`` hears of the bytes that were read.

    Raises `TargetError`, and `UnknownNameError` for an exchange, a channel or a symbol that nothing here has.
    """
    question = question or Question()
    listing = listing or lake.listing()
    check_names(question, listing)
    streams: list[StreamDay] = []
    findings = [
        Finding("stranger", key, "a file that daedalus did not name; readers count its rows")
        for key in listing.strangers
    ]
    findings += [Finding("unreadable", key, trouble) for key, trouble in listing.unreadable]
    findings += _without_siblings(listing, question)
    findings += _lost_segments(lake, listing, question)
    readers: list[ChannelReader] = []
    by_exchange: dict[str, dict[str, list[LakeFile]]] = {}
    for file in listing.files:
        if question.asks(file.exchange, file.channel):
            by_exchange.setdefault(file.exchange, {}).setdefault(file.channel, []).append(file)
    for exchange, channels in sorted(by_exchange.items()):
        events, damage = _connection_events(lake, exchange, listing)
        findings += damage
        off = outages(events)
        of_exchange: dict[str, ChannelReader] = {}
        parts: dict[tuple[str, str], list[Span]] = {}
        # Aggregate trades come first: they tell what single trades there were.
        for channel, files in sorted(channels.items(), key=lambda item: (not _aggregates(item[1]), item[0])):
            reader = ChannelReader(
                lake,
                exchange,
                channel,
                files,
                question.covers,
                symbol=spelled(exchange, question.symbol),
                books=question.books,
                progress=progress,
            )
            one = ChannelAudit(exchange, channel, reader, question, outages=off, parts=parts)
            found = list(one.run())
            streams += [] if channel in (CONNECTION, UNKNOWN) else found
            findings += [*reader.findings, *reader.written_again(), *one.findings]
            of_exchange[channel] = reader
            parts |= one.parts if _aggregates(files) else {}
        if question.symbol is None:
            findings += _silent(exchange, of_exchange, events)
        readers += of_exchange.values()
    known = {symbol for reader in readers for symbol in reader.symbols}
    if question.symbol is not None and not streams and known:
        raise UnknownNameError("symbol", question.symbol, known)
    streams.sort(key=lambda each: (each.date, each.exchange, each.channel, each.symbol))
    connections = [file for file in listing.files if file.table == "connections" and question.about(file)]
    read_files = sum(reader.files for reader in readers) + len(connections)
    if not read_files and not streams:
        findings.append(_nothing(lake, listing))
    return Report(
        url=lake.url,
        files=read_files,
        bytes=sum(reader.bytes for reader in readers) + sum(file.size for file in connections),
        streams=tuple(streams),
        findings=tuple(sorted(set(findings))),
        totals=totals(streams),
        unclaimed=sum(reader.unclaimed for reader in readers),
    )


def _nothing(lake: Lake, listing: Listing) -> Finding:
    """Nothing was looked at, so nothing can be said."""
    if not listing.files:
        return Finding("nothing", lake.url, "no file of a table is here; name a lake's folder, or a data_dir")
    dates = [file.date for file in listing.files]
    exchanges = ", ".join(sorted({file.exchange for file in listing.files}))
    text = f"no file is of what was asked for; here are {exchanges}, from {min(dates)} to {max(dates)}"
    return Finding("nothing", lake.url, text)


def _aggregates(files: Sequence[LakeFile]) -> bool:
    return any(file.table == "agg_trades" for file in files)


def _silent(exchange: str, readers: dict[str, ChannelReader], events: Sequence[Event]) -> list[Finding]:
    """Channels without rows while others had some, and nothing is written down that explains it."""
    found = []
    opened = [(event.at_ns // MINUTE_NS, event.at_ns // MINUTE_NS) for event in events]
    for channel, one in readers.items():
        limit = channel_of(exchange, channel).silence_seconds
        if limit is None:
            continue
        others, _ = union(span for name, each in readers.items() if name != channel for span in each.minutes)
        for first, last in silences(one.minutes, others, limit, [*opened, *one.gap_minutes]):
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
        and question.about(file)
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
        asked = question.asks(exchange, channel)
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


def _connection_events(lake: Lake, exchange: str, listing: Listing) -> tuple[list[Event], list[Finding]]:
    """All events of an exchange, over all days, and what is wrong with the files that hold them.

    An outage begins on one day and ends on another, so a day's figures need the days around it.
    """
    events: list[Event] = []
    findings = []
    for file in listing.files:
        if file.table == "connections" and file.exchange == exchange:
            try:
                for batch in lake.checked(file):
                    events += events_of(batch)
            except DamagedFileError as damage:
                findings.append(Finding.of(file.key, damage))
            except TargetError as error:
                if error.kind.concerns_whole_store:
                    raise
                findings.append(Finding("unreadable", file.key, error.problem))
    return events, findings
