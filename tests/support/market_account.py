"""What the tables must contain, computed from the simulated market, which can be asked again."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from functools import cached_property
from itertools import groupby, pairwise
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct
from support.processes import Recorder
from support.rehearsal import Rehearsal, protocol_of

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Header
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.exchanges import EXCHANGES as PROTOCOLS
from daedalus.simulator.options import Faults
from daedalus.tables.rows import AggTrade, BookUpdate, Level, Row, Trade

__all__ = ["Account", "Moment", "Told", "rehearsing"]

RATE = 120.0
DEPTH = 20
"""Levels of each side: no exchange cuts its books so short, so that each streams all that there is."""


class Told(NamedTuple):
    """A trade by its id."""

    channel: str
    symbol: str
    id: str


class Moment(Struct):
    """A book at one moment; times are UTC ns."""

    symbol: str
    local_timestamp: int
    timestamp: int
    book: Book


class Account(Rehearsal):
    """A recording, and what the market says of the same time."""

    def __init__(self, simulator: Simulator, recorder: Recorder) -> None:
        super().__init__(simulator, recorder)
        self._known_levels: dict[tuple[int, int], tuple[list[Level], list[Level]]] = {}

    @cached_property
    def trades(self) -> dict[Told, int]:
        """How often each trade occurs in the tables."""
        found: Counter[Told] = Counter()
        for channel in self.trade_channels:
            for row in self.table(str(self.exchange.channels[channel].table)):
                found[Told(channel, row["symbol"], row["id"])] += 1
        return found

    @cached_property
    def missing(self) -> list[tuple[Told, int | None, int]]:
        """The trades that the tables lack between others that they have: with number and time."""
        missing = []
        for trades in self._traded.values():
            there = [place for place, (trade, _, _) in enumerate(trades) if trade in self.trades]
            assert there, f"nothing of {trades[0][0]} is in the tables"
            missing += [each for each in trades[there[0] : there[-1] + 1] if each[0] not in self.trades]
        return missing

    def missing_in(self, gap: dict[str, Any], slack_ns: int = 0) -> set[Told]:
        """The trades within a gap, by their numbers, or by their times where there are none."""
        begin, end = gap["from_timestamp"] - slack_ns, gap["to_timestamp"] + slack_ns
        return {
            trade
            for trade, number, time_ns in self.missing
            if (trade.channel, trade.symbol) == (gap["channel"], gap["symbol"])
            and (begin < time_ns < end if number is None else gap["from_id"] < number < gap["to_id"])
        }

    @cached_property
    def trade_channels(self) -> list[str]:
        """The recorded channels of trades."""
        return [each for each in self.channels if self.exchange.channels[each].has_trades]

    @cached_property
    def _traded(self) -> dict[tuple[str, str], list[tuple[Told, int | None, int]]]:
        """Every trade of the market in the recorded time, by channel and symbol."""
        found: defaultdict[tuple[str, str], dict[Told, tuple[int | None, int]]] = defaultdict(dict)
        for header, rows, time_ns in self._published():
            if header.channel not in self.trade_channels:
                continue
            counted = self.exchange.channels[header.channel].consecutive
            for row in rows:
                if isinstance(row, Trade | AggTrade):
                    number = getattr(row, "number", None)
                    number = (int(row.id) if number is None else number) if counted else None
                    trade = Told(header.channel, row.symbol, row.id)
                    found[header.channel, row.symbol].setdefault(trade, (number, time_ns))
        return {
            stream: [(trade, *rest) for trade, rest in trades.items()] for stream, trades in found.items()
        }

    def books(self) -> Iterator[Moment]:
        """The books that tables and ledger let one believe, after each moment at which they changed.

        Not the last one, of which something may be missing: an exchange may tell of one moment in many
        messages.
        """
        for channel, symbol, groups in self._book_lines():
            gaps = self.gaps(channel, symbol)
            book, since = Book(), None
            for group, after in pairwise(groups):
                last = group[-1]
                if since is None or any(_between(gap, since, last) for gap in gaps):
                    book.void()
                    since = None
                book.apply(_update(group))
                if last["is_snapshot"]:
                    since = last
                whole = after[0]["timestamp"] != last["timestamp"]
                if since is not None and whole and not any(_between(gap, last, after[0]) for gap in gaps):
                    yield Moment(symbol, last["local_timestamp"], last["timestamp"], book)

    def is_right(self, moment: Moment, best: int | None = None) -> bool:
        """Whether the market's book was this one at that moment, or its ``best`` levels per side."""
        market, place = self.simulator.market, self.symbols.index(moment.symbol)
        update = market.update_at(place, market.step_at(moment.timestamp))
        # Times are cut to ms, snapshots are as of the last change; what has no time may be late.
        patience = market.diff_every if moment.timestamp != moment.local_timestamp else 600
        held = moment.book.levels(best)
        return any(held == self._levels(place, update + 2 - back, best) for back in range(patience + 4))

    def _book_lines(self) -> Iterator[tuple[str, str, list[list[dict[str, Any]]]]]:
        """The lines of book updates by channel and symbol, those of one moment together."""
        channels = [name for name, each in self.exchange.channels.items() if each.table == "book_updates"]
        (channel,) = channels
        for symbol, lines in groupby(self.table("book_updates"), key=itemgetter("symbol")):
            moment = itemgetter("timestamp", "is_snapshot", "last_id")
            yield channel, symbol, [list(group) for _, group in groupby(lines, key=moment)]

    def _levels(self, place: int, update: int, best: int | None) -> tuple[list[Level], list[Level]]:
        key = place, update
        if key not in self._known_levels:
            each = self.simulator.market.instruments[place]
            bids, asks = (
                [
                    (float(f"{price}e-{each.price_digits}"), float(f"{amount}e-{each.amount_digits}"))
                    for price, amount in side
                ]
                for side in self.simulator.market.books[place].levels(update)
            )
            self._known_levels[key] = bids, asks
        bids, asks = self._known_levels[key]
        return bids[:best], asks[:best]

    def _published(self) -> Iterator[tuple[Header, Sequence[Row], int]]:
        """What the market would have sent without any loss, step by step, with its time."""
        protocol = protocol_of(self.simulator.options)
        client_of = {stream: each for each in self.clients.values() for stream in each.session.streams}
        audience = {stream: {each.session.streams[stream]: None} for stream, each in client_of.items()}
        readers = {each.number: self.reader(each.number) for each in client_of.values()}
        for number in range(self.first_step, self.last_step + 1):
            step = self.simulator.market.step(number)
            for stream, _, text in protocol.publish(step, audience):
                client = client_of[stream]
                framed = protocol.frame(client.session, text)
                for header, _, rows in self.read(readers[client.number], framed):
                    yield header, rows, step.time_ns


def _between(gap: dict[str, Any], since: dict[str, Any], now: dict[str, Any]) -> bool:
    """Whether a gap lies between a snapshot and a later line."""
    if gap["from_id"] is not None and now["last_id"] is not None:
        return bool(gap["from_id"] < now["last_id"] and gap["to_id"] - 1 > since["last_id"])
    begins, ends, at = gap["from_timestamp"], gap["to_timestamp"], now["local_timestamp"]
    return bool(ends > since["local_timestamp"] and (begins < at or ends <= at))  # both may be of one read


def _update(lines: list[dict[str, Any]]) -> BookUpdate:
    first = lines[0]
    sides: dict[str, list[Level]] = {"bid": [], "ask": []}
    for line in lines:
        sides[line["side"]].append((line["price"], line["amount"]))
    ids = first["first_id"], first["last_id"]
    return BookUpdate(
        first["symbol"], first["timestamp"], first["is_snapshot"], sides["bid"], sides["ask"], *ids
    )


@asynccontextmanager
async def rehearsing(
    directory: Path, name: str, faults: Faults, *, connections: int = 1, channels: Sequence[str] = ()
) -> AsyncIterator[Account]:
    """Record a simulated exchange, all its channels unless some are named."""
    exchange, protocol = EXCHANGES[name], PROTOCOLS[name]
    symbols = protocol.usual_symbols
    options = SimulatorOptions(
        exchange=name, symbols=symbols, rate=RATE, depth=DEPTH, faults=faults, keep_sent=True
    )
    settings = {
        "symbols": [exchange.requests.symbol(symbol) for symbol in symbols],
        "channels": list(channels or exchange.channels),
        "connections": connections,
    }
    async with running(options) as simulator:
        recorder = Recorder(directory, name, simulator.port, settings)
        recorder.settings["writer"]["flush_interval_seconds"] = 1.0
        recorder.write_config()
        account = Account(simulator, recorder)
        recorder.start()
        try:
            yield account
        finally:
            recorder.kill()
