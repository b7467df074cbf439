"""A simulated exchange, recorded by the real recorder: what was sent, what was lost, what was stored.

The simulator runs in this process, so that its own log is available.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from msgspec import structs
from support.processes import Recorder

from daedalus.config import load_config
from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Exchange, Header
from daedalus.normalize.rounds import normalize_ready
from daedalus.simulator import Simulator, SimulatorOptions
from daedalus.simulator.client import Client, Sent
from daedalus.simulator.exchanges import exchange_of, market_of
from daedalus.simulator.protocol import ExchangeProtocol, Session
from daedalus.store.layout import Layout
from daedalus.tables.registry import table_of
from daedalus.tables.rows import BookUpdate, Row

__all__ = ["Decoded", "Line", "Rehearsal", "lines_of", "protocol_of"]

_OURS = ("local_timestamp", "number", "source")  # what no row or no table has

Line = tuple[str, tuple[tuple[str, Any], ...]]
"""A table, and the content of one of its lines."""

Decoded = tuple[Data, bytes, Sequence[Row]]
"""A message of market data that was sent, and its content."""


class Rehearsal:
    """One recording of one simulated exchange."""

    def __init__(self, simulator: Simulator, recorder: Recorder) -> None:
        self.simulator = simulator
        self.recorder = recorder
        self.exchange: Exchange = EXCHANGES[recorder.exchange]
        self.symbols = [self.exchange.requests.symbol(each.symbol) for each in simulator.market.instruments]
        settings = recorder.settings["exchanges"][recorder.exchange]
        self.channels: list[str] = settings["channels"]
        self._connections: int = settings["connections"]
        self.clients: dict[int, Client] = {}
        self._streams = self._streams_wanted()
        self.began_ns = time.time_ns()
        self.first_step = simulator.market.step_at(time.time_ns())
        self.last_step = self.first_step

    # While it runs

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 120.0) -> None:
        """Wait until the condition holds; fail with ``what`` was waited for."""
        ends_at = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < ends_at, f"waited {seconds:g} s for {what}: {self._state()}"
            assert self.recorder.running, f"the recorder has ended: {self._state()}"
            await asyncio.sleep(0.05)
            self._look()

    async def figure(self, name: str, least: float) -> None:
        """Wait until a figure of the recorder has grown by this much."""
        await self.until(lambda: self.recorder.figure(name) >= least, f"{name} to be {least:g}")

    async def sent(self, count: int) -> None:
        """Wait until this many more messages were sent."""
        least = len(self.simulator.sent) + count
        await self.until(lambda: len(self.simulator.sent) >= least, f"{count} messages more")

    async def served(self) -> None:
        """Wait until all expected connections have all their streams."""
        wanted = self._connections * self._streams
        await self.until(lambda: self._streams_served() >= wanted, f"{wanted} streams")

    def cut(self, client: Client) -> None:
        """End a connection without a closing handshake; messages still queued are lost."""
        client.connection.transport.abort()

    async def stop(self) -> None:
        """Stop the recorder."""
        self._look()
        await asyncio.to_thread(self.recorder.stop)
        self.last_step = self.simulator.market.step_at(time.time_ns())

    def _look(self) -> None:
        self.clients.update({client.number: client for client in self.simulator.clients})

    def _streams_served(self) -> int:
        return sum(len(client.session.streams) for client in self.simulator.clients)

    def _streams_wanted(self) -> int:
        """Number of streams that the recorder's requests ask for."""
        settings = load_config(self.recorder.config).exchanges[self.recorder.exchange]
        protocol = protocol_of(self.simulator.options)
        count = 0
        for plan in self.exchange.requests.plan(settings.subscriptions(), self.simulator.websocket_url):
            parts = urlsplit(plan.url)
            session = protocol.connect(f"{parts.path}?{parts.query}")
            assert isinstance(session, Session)
            for request in plan.requests:
                list(protocol.receive(session, request.text))
            count += len(session.streams)
        return count

    def _state(self) -> str:
        log = self.recorder.log.read_text()[-1500:] if self.recorder.log.exists() else ""
        return f"{self.recorder.status}\n{log}"

    # What came of it

    @cached_property
    def received(self) -> dict[int, list[Sent]]:
        """For each connection of the simulator, what was stored of what it sent: everything up to its cut.

        Fails if anything else was stored, or in another order.
        """
        stored: defaultdict[str, list[bytes]] = defaultdict(list)
        for row in self.recorder.raw():
            if row["kind"] == "message":
                stored[row["conn"]].append(row["payload"])
        sent: defaultdict[int, list[Sent]] = defaultdict(list)
        for each in self.simulator.sent:
            sent[each.connection].append(each)
        received: dict[int, list[Sent]] = {}
        for conn, payloads in sorted(stored.items(), key=lambda item: -len(item[1])):
            for number, messages in sent.items():
                beginning = messages[: len(payloads)]
                if number not in received and [_bytes(each.payload) for each in beginning] == payloads:
                    received[number] = beginning
                    break
            else:
                raise AssertionError(
                    f"{conn}: {len(payloads)} messages were stored that no connection was sent"
                )
        return received

    @cached_property
    def decoded(self) -> dict[int, list[Decoded]]:
        """The stored messages of market data, by connection."""
        return {number: list(self._decode(messages)) for number, messages in self.received.items()}

    @cached_property
    def everything(self) -> list[Decoded]:
        """All stored messages of market data."""
        return [each for messages in self.decoded.values() for each in messages]

    @cached_property
    def lost(self) -> list[Decoded]:
        """The messages of market data that faults dropped."""
        lost: list[Decoded] = []
        for number in self.received:
            reader = self.reader(number)
            for each in self.simulator.lost:
                if each.connection == number:
                    lost += self.read(reader, each.payload)
        return lost

    @cached_property
    def tables(self) -> Layout:
        """The folder of the tables, once they are written."""
        _ = self.received  # before raw moves on
        layout = Layout(self.recorder.data)
        progress = normalize_ready(layout)
        assert (progress.trouble, progress.damaged, progress.waiting) == ("", 0, 0)
        return layout

    def table(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, in its order."""
        assert self.tables
        return self.recorder.table(name)

    @cached_property
    def ledger(self) -> list[dict[str, Any]]:
        """The gaps, each in its latest state."""
        assert self.tables
        return self.recorder.ledger()

    def gaps(self, channel: str, symbol: str) -> list[dict[str, Any]]:
        """The gaps of one stream."""
        return [gap for gap in self.ledger if (gap["channel"], gap["symbol"]) == (channel, symbol)]

    def lines(self, name: str, *, timed: bool = False) -> Counter[Line]:
        """How often each line's content occurs in a table; ``timed``: with its time."""
        return Counter(_line(name, row, timed) for row in self.table(name))

    def reader(self, number: int) -> Callable[[bytes], Header]:
        """A reader of a connection that has been told its subscriptions."""
        reader = self.exchange.messages.reader()
        for each in self.simulator.sent:
            if each.connection == number:
                reader(_bytes(each.payload))
        return reader

    def _decode(self, messages: list[Sent]) -> Iterator[Decoded]:
        reader = self.exchange.messages.reader()
        for each in messages:
            yield from self.read(reader, each.payload)

    def read(self, reader: Callable[[bytes], Header], message: str | bytes) -> Iterator[Decoded]:
        payload = _bytes(message)
        header = reader(payload)
        if isinstance(header, Data):
            yield header, payload, self.exchange.messages.normalize(header, payload)


def lines_of(row: Row, *, timed: bool = False) -> Iterator[Line]:
    """The content of a row's lines in its table; ``timed``: with its time."""
    fields = structs.asdict(row)
    table = table_of(row)
    if isinstance(row, BookUpdate):
        sides = {"bid": fields.pop("bids"), "ask": fields.pop("asks")}
        del fields["previous_id"]  # the tables do not have it
        if row.is_snapshot and not any(sides.values()):  # an empty book is a line too
            yield _line(table, {**fields, "side": None, "price": None, "amount": None}, timed)
        for side, levels in sides.items():
            for price, amount in levels:
                yield _line(table, {**fields, "side": side, "price": price, "amount": amount}, timed)
    else:
        yield _line(table, fields, timed)


def _line(table: str, fields: dict[str, Any], timed: bool) -> Line:
    without = _OURS if timed else (*_OURS, "timestamp")
    return table, tuple(sorted((name, value) for name, value in fields.items() if name not in without))


def protocol_of(options: SimulatorOptions) -> ExchangeProtocol:
    """The protocol of a simulated exchange in its initial state."""
    return exchange_of(options.exchange)(market_of(options))


def _bytes(payload: str | bytes) -> bytes:
    return payload.encode() if isinstance(payload, str) else payload
