"""Brings one channel of one exchange, day after day, to its assessment.

A day is assessed when the next one has been read: ids of the two may interleave around midnight.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from ..row_evidence import Evidence
from ..spans import Span, union
from .assess import assess
from .channel_reader import ChannelReader, DayRead
from .days import days_of_gaps, days_to_read
from .facts import Day, bounds_of
from .question import Question
from .report import Finding, StreamDay

__all__ = ["ChannelAudit"]


class ChannelAudit:
    """One channel. ``outages``: see `coverage.outages`. ``parts``: by date and symbol, the single trades that
    another channel's aggregate trades stand for; `parts` are those of this one.
    """

    def __init__(
        self,
        exchange: str,
        channel: str,
        reader: ChannelReader,
        question: Question,
        *,
        outages: Sequence[Span],
        parts: Mapping[tuple[str, str], Sequence[Span]],
    ) -> None:
        self.findings: list[Finding] = []
        self.parts: dict[tuple[str, str], list[Span]] = {}
        self._exchange, self._channel = exchange, channel
        self._reader, self._question = reader, question
        self._outages, self._known_parts = outages, parts
        self._owed: dict[str, list[Span]] = {}
        self._bare: list[tuple[str, str, Span | None]] = []

    def run(self) -> Iterator[StreamDay]:
        """Read the days, and assess those that were asked for."""
        known = sorted(self._reader.days | days_of_gaps(self._reader.ledger.lines))
        asked = {day for day in known if self._question.covers(day)}
        days = days_to_read(known, self._reader.days_with_rows, asked, self._reader.has_snapshots)
        if not days:
            return
        self._reader.follow(None if days[0] == known[0] else days[0])
        before: DayRead | None = None
        last: DayRead | None = None
        for position, day in enumerate(days):
            read = self._reader.read(day, over=position == len(days) - 1)
            if last is not None:
                yield from self._assess(last, before, read)
                before = last
            last = read
        if last is not None:
            yield from self._assess(last, before, None)
        for day, symbol, life in self._bare:
            bounds = bounds_of(day)
            own = self._reader.ledger.take(symbol, bounds)
            if own or not self._reader.ledger.told_elsewhere(symbol, bounds):
                yield from self._of_stream(
                    Day(
                        date=day,
                        exchange=self._exchange,
                        channel=self._channel,
                        symbol=symbol,
                        rule=self._reader.rule,
                        found=Evidence(),
                        lines=self._reader.ledger.about(symbol, bounds),
                        own=own,
                        outages=self._outages,
                        life=life,
                    )
                )

    def _assess(self, read: DayRead, before: DayRead | None, after: DayRead | None) -> Iterator[StreamDay]:
        bounds = bounds_of(read.date)
        ledger = self._reader.ledger
        for symbol in sorted(ledger.symbols_in(bounds) - read.found.keys()):
            # Its lines may be those of a day of another date: that is known when all are read.
            there = [each is not None and symbol in each.found for each in (before, after)]
            self._bare.append((read.date, symbol, bounds if all(there) else None))
        for symbol, found in sorted(read.found.items()):
            ids = read.spans(symbol)
            own_ids = before.spans(symbol) if before is not None else []
            next_ids = after.spans(symbol) if after is not None else []
            owed = self._owed.pop(symbol, []) if ids else []
            if ids and not next_ids:
                self._owed[symbol] = ids
            shift = _shift(found, bounds)
            local = bounds[0] + shift, bounds[1] + shift
            lines = ledger.about(symbol, local, ids)
            yield from self._of_stream(
                Day(
                    date=read.date,
                    exchange=self._exchange,
                    channel=self._channel,
                    symbol=symbol,
                    rule=self._reader.rule,
                    found=found,
                    before=own_ids,
                    owed=owed,
                    after=next_ids,
                    lines=lines,
                    own=ledger.take(symbol, local, shifted=bool(shift)),
                    outages=self._outages,
                    life=self._life(symbol, found, local, before, after),
                    replayed=read.replayed.get(symbol),
                    parts=self._parts_about(read.date, symbol),
                    shift_ns=shift,
                )
            )

    def _of_stream(self, day: Day) -> Iterator[StreamDay]:
        stream, findings = assess(day)
        if stream.proved and day.found.rows:
            self.parts[day.date, day.symbol] = day.found.parts
        if self._question.covers(day.date):
            self.findings += findings
            yield stream

    def _life(
        self, symbol: str, found: Evidence, day: Span, before: DayRead | None, after: DayRead | None
    ) -> Span | None:
        """From when to when the stream was wanted on this day: it may have begun or ended in its midst."""
        if found.first_ns is None or found.last_ns is None:
            return None
        was = (before is not None and symbol in before.found) or self._reader.ledger.covers(symbol, day[0])
        goes_on = (after is not None and symbol in after.found) or self._reader.ledger.covers(symbol, day[1])
        return (day[0] if was else found.first_ns), (day[1] if goes_on else found.last_ns)

    def _parts_about(self, day: str, symbol: str) -> list[Span]:
        this = date.fromisoformat(day)
        near = (str(this + timedelta(days=more)) for more in (-1, 0, 1))
        return union(span for each in near for span in self._known_parts.get((each, symbol), ()))[0]


def _shift(found: Evidence, day: Span) -> int:
    """How far the recorder's clock was ahead of the day in which the exchange dates these rows."""
    if found.first_ns is None or found.last_ns is None or found.late_ns is None:
        return 0
    if found.first_ns < day[1] and found.last_ns >= day[0]:
        return 0
    return round(found.late_ns)
