"""The audit of a lake: every file read and held against its checksums, every row against the ledger.

What is said of a stream is computed from its rows: the ids in them, the book they make. The ledger is
believed only where rows can show nothing, and the report says where that is so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ...storage.errors import TargetError
from ...store.raw import CONNECTION, UNKNOWN
from ..connections import Event, events_of, outages
from ..reader import Lake, LakeFile, Listing
from ..table_file import DamagedFileError
from .channel_audit import ChannelResult, TradeIds, audit_channel
from .channel_reader import ChannelReader
from .missing_files import missing_files, nothing_found
from .question import Question, UnknownNameError, check_names
from .report import Finding, Report, totals
from .silence import silent_channels

__all__ = ["audit", "expected_bytes"]

_NO_STREAMS = (CONNECTION, UNKNOWN)
"""Partitions whose rows are of no channel."""

_Channels = Mapping[str, Sequence[LakeFile]]


def expected_bytes(listing: Listing, question: Question) -> int:
    """About how many bytes an audit reads."""
    return sum(file.size for file in listing.files if question.matches(file))


def audit(
    lake: Lake,
    question: Question | None = None,
    *,
    listing: Listing | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Report:
    """Audit a lake. ``progress`` is told the bytes read.

    Raises `TargetError`, and `UnknownNameError` for an unknown exchange, channel or symbol.
    """
    question = question or Question()
    listing = listing or lake.listing()
    check_names(question, listing)
    findings = [
        Finding("stranger", key, "a file that daedalus did not name; readers count its rows")
        for key in listing.strangers
    ]
    findings += [Finding("unreadable", key, trouble) for key, trouble in listing.unreadable]
    findings += missing_files(lake, listing, question)
    results: list[ChannelResult] = []
    for exchange, channels in sorted(_asked_for(listing, question).items()):
        events, damage = _connection_events(lake, exchange, listing)
        by_channel = _audit_exchange(lake, exchange, channels, question, events, progress)
        findings += damage
        if question.symbol is None:
            findings += silent_channels(exchange, by_channel, events)
        results += by_channel.values()
    findings += [finding for result in results for finding in result.findings]
    streams = sorted(
        (stream for result in results for stream in result.streams if stream.channel not in _NO_STREAMS),
        key=lambda each: (each.date, each.exchange, each.channel, each.symbol),
    )
    symbols = {symbol for result in results for symbol in result.symbols}
    if question.symbol is not None and not streams and symbols:
        raise UnknownNameError("symbol", question.symbol, symbols)
    connections = [file for file in listing.files if file.table == "connections" and question.matches(file)]
    read_files = sum(result.files for result in results) + len(connections)
    if not read_files and not streams:
        findings.append(nothing_found(lake, listing))
    return Report(
        url=lake.url,
        files=read_files,
        bytes=sum(result.bytes for result in results) + sum(file.size for file in connections),
        streams=tuple(streams),
        findings=tuple(sorted(set(findings))),
        totals=totals(streams),
        unclaimed=sum(result.unclaimed for result in results),
    )


def _asked_for(listing: Listing, question: Question) -> dict[str, dict[str, list[LakeFile]]]:
    """The files of the channels that are asked for, by exchange and channel; of all days."""
    found: dict[str, dict[str, list[LakeFile]]] = {}
    for file in listing.files:
        if question.asks(file.exchange, file.channel):
            found.setdefault(file.exchange, {}).setdefault(file.channel, []).append(file)
    return found


def _audit_exchange(
    lake: Lake,
    exchange: str,
    channels: _Channels,
    question: Question,
    events: Sequence[Event],
    progress: Callable[[int], None],
) -> dict[str, ChannelResult]:
    """The result of each channel. Aggregate trades come first: they name the single trades there were."""
    off = outages(events)
    aggregates = {
        channel for channel, files in channels.items() if any(file.table == "agg_trades" for file in files)
    }
    trade_ids: TradeIds = {}
    results: dict[str, ChannelResult] = {}
    for channel in sorted(channels, key=lambda name: (name not in aggregates, name)):
        reader = ChannelReader(lake, exchange, channel, channels[channel], question, progress)
        result = results[channel] = audit_channel(reader, question, off, trade_ids)
        if channel in aggregates:
            trade_ids = {**trade_ids, **result.trade_ids}
    return results


def _connection_events(lake: Lake, exchange: str, listing: Listing) -> tuple[list[Event], list[Finding]]:
    """All events of an exchange's connections, and what is wrong with the files that hold them.

    Of all days: an outage may begin on one day and end on another.
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
