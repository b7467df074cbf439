"""Brings one channel of one exchange, day after day, to its assessment.

A day is assessed when the next one has been read: ids of the two may interleave around midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from msgspec import Struct

from ..days import MINUTE_NS, bounds_of
from ..row_evidence import Evidence
from ..spans import Span, union
from .assess import assess
from .channel_reader import ChannelReader, DayRead
from .days_to_read import days_of_gaps, days_to_read
from .facts import DayFacts
from .question import Question
from .report import Finding, StreamDay

__all__ = ["ChannelResult", "TradeIds", "audit_channel"]

TradeIds = Mapping[tuple[str, str], Sequence[Span]]
"""By date and symbol: the ids of the single trades that a day's aggregate trades stand for."""


class ChannelResult(Struct, frozen=True):
    """What an audit found of one channel.

    ``trade_ids`` are those that its aggregate trades stand for, on days proved complete. ``symbols``: all in
    its rows and its ledger. ``minutes`` (since 1970) have a row, ``gap_minutes`` lie in a gap. ``files`` and
    ``bytes`` were read; ``unclaimed``: how many of the files have no checksum of their rows.
    """

    streams: tuple[StreamDay, ...]
    findings: tuple[Finding, ...]
    trade_ids: TradeIds
    symbols: frozenset[str]
    minutes: Sequence[Span]
    gap_minutes: Sequence[Span]
    files: int
    bytes: int
    unclaimed: int


def audit_channel(
    reader: ChannelReader, question: Question, outages: Sequence[Span], trade_ids: TradeIds
) -> ChannelResult:
    """Read the days that are asked for, with their neighbours, and assess them.

    ``outages``: UTC ns in which the exchange had no connection. ``trade_ids``: of another channel.
    """
    audit = _ChannelAudit(reader, question, outages, trade_ids)
    streams = tuple(audit.run())
    gaps = reader.ledger.gaps
    return ChannelResult(
        streams=streams,
        findings=(*reader.checks.findings, *reader.checks.written_again(), *audit.findings),
        trade_ids=audit.trade_ids,
        symbols=frozenset(reader.symbols),
        minutes=reader.minutes,
        gap_minutes=[(gap.from_timestamp // MINUTE_NS, gap.to_timestamp // MINUTE_NS) for gap in gaps],
        files=reader.checks.files,
        bytes=reader.checks.bytes,
        unclaimed=reader.checks.unclaimed,
    )


class _ChannelAudit:
    """The days of one channel, in their order. ``trade_ids`` grow by those of each proved day."""

    def __init__(
        self, reader: ChannelReader, question: Question, outages: Sequence[Span], known: TradeIds
    ) -> None:
        self.findings: list[Finding] = []
        self.trade_ids: dict[tuple[str, str], Sequence[Span]] = {}
        self._reader, self._ledger, self._question = reader, reader.ledger, question
        self._outages, self._known = outages, known
        self._earlier: dict[str, list[Span]] = {}
        self._rowless: list[tuple[str, str, Span | None]] = []

    def run(self) -> Iterator[StreamDay]:
        known = sorted(self._reader.days | days_of_gaps(self._ledger.gaps))
        asked = {day for day in known if self._question.covers(day)}
        days = days_to_read(known, self._reader.days_with_rows, asked, self._reader.has_snapshots)
        if not days:
            return
        self._reader.follow(None if days[0] == known[0] else days[0])
        before: DayRead | None = None
        this: DayRead | None = None
        for day in days:
            after = self._reader.read(day, last=day == days[-1])
            if this is not None:
                yield from self._day(this, before, after)
                before = this
            this = after
        if this is not None:
            yield from self._day(this, before, None)
        yield from self._days_without_rows()

    def _day(self, read: DayRead, before: DayRead | None, after: DayRead | None) -> Iterator[StreamDay]:
        bounds = bounds_of(read.date)
        for symbol in sorted(self._ledger.symbols_in(bounds) - read.found.keys()):
            # Its gaps may belong to a day of another date, which is known only after all are read.
            there = [each is not None and symbol in each.found for each in (before, after)]
            self._rowless.append((read.date, symbol, bounds if all(there) else None))
        for symbol, found in sorted(read.found.items()):
            ids = read.spans(symbol)
            next_ids = after.spans(symbol) if after is not None else []
            earlier = self._earlier.pop(symbol, []) if ids else []
            if ids and not next_ids:
                self._earlier[symbol] = ids
            shift = _shift(found, bounds)
            local = bounds[0] + shift, bounds[1] + shift
            yield from self._assess(
                DayFacts(
                    date=read.date,
                    exchange=self._reader.exchange,
                    channel=self._reader.channel,
                    symbol=symbol,
                    scheme=self._reader.scheme,
                    found=found,
                    before=before.spans(symbol) if before is not None else [],
                    earlier=earlier,
                    after=next_ids,
                    gaps=self._ledger.concerning(symbol, local, ids),
                    own=self._ledger.take(symbol, local, shifted=bool(shift)),
                    outages=self._outages,
                    life=self._life(symbol, found, local, before, after),
                    replayed=read.replayed.get(symbol),
                    trade_ids=self._trade_ids_around(read.date, symbol),
                    shift_ns=shift,
                )
            )

    def _days_without_rows(self) -> Iterator[StreamDay]:
        for day, symbol, life in self._rowless:
            bounds = bounds_of(day)
            own = self._ledger.take(symbol, bounds)
            if own or not self._ledger.reported_elsewhere(symbol, bounds):
                yield from self._assess(
                    DayFacts(
                        date=day,
                        exchange=self._reader.exchange,
                        channel=self._reader.channel,
                        symbol=symbol,
                        scheme=self._reader.scheme,
                        found=Evidence(),
                        gaps=self._ledger.concerning(symbol, bounds),
                        own=own,
                        outages=self._outages,
                        life=life,
                    )
                )

    def _assess(self, facts: DayFacts) -> Iterator[StreamDay]:
        stream, findings = assess(facts)
        if stream.proved and facts.found.rows:
            self.trade_ids[facts.date, facts.symbol] = facts.found.trade_ids
        if self._question.covers(facts.date):
            self.findings += findings
            yield stream

    def _life(
        self, symbol: str, found: Evidence, day: Span, before: DayRead | None, after: DayRead | None
    ) -> Span | None:
        """From when to when the stream was recorded on this day, if it began or ended within it."""
        if found.first_ns is None or found.last_ns is None:
            return None
        was = (before is not None and symbol in before.found) or self._ledger.covers(symbol, day[0])
        goes_on = (after is not None and symbol in after.found) or self._ledger.covers(symbol, day[1])
        return (day[0] if was else found.first_ns), (day[1] if goes_on else found.last_ns)

    def _trade_ids_around(self, day: str, symbol: str) -> list[Span]:
        this = date.fromisoformat(day)
        near = (str(this + timedelta(days=more)) for more in (-1, 0, 1))
        return union(span for each in near for span in self._known.get((each, symbol), ()))[0]


def _shift(found: Evidence, day: Span) -> int:
    """How far (ns) the recorder's clock was ahead of the day in which the exchange dates these rows."""
    if found.first_ns is None or found.last_ns is None or found.late_ns is None:
        return 0
    if found.first_ns < day[1] and found.last_ns >= day[0]:
        return 0
    return round(found.late_ns)
