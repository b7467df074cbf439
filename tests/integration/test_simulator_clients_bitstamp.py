"""ccxt on the simulated Bitstamp: a second reading of the exchange, which must agree with the market.

Then our own exchange file on the same messages, compared with the market that sent them.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from operator import itemgetter
from typing import Any

import ccxt.pro
import pytest
from support.simulated_exchange import (
    answer,
    backfilled,
    ccxt_sides,
    ccxt_told,
    closing,
    levels_at,
    told,
    traded,
    watched,
)
from websockets.asyncio.client import connect

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Heartbeat, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.tables.rows import BookUpdate, OrderEvent, Row, Trade

pytestmark = pytest.mark.integration

RECORDED = ("live_trades", "diff_order_book", "live_orders")


def ccxt_bitstamp(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.bitstamp()
    client.urls["api"]["public"] = f"{simulator.rest_url}/api"
    client.urls["api"]["ws"] = simulator.websocket_url
    return closing(client)


def trade_at(simulator: Simulator, number: str) -> tuple[str, float, float, int]:
    """A trade of the first market by the id that the exchange gives it: side, price, amount, ms."""
    fill_id, place = divmod(int(number), len(simulator.market.instruments))
    assert place == 0
    return traded(simulator, fill_id)


def levels_at_time(simulator: Simulator, microseconds: int) -> list[list[tuple[float, float]]]:
    step = simulator.market.step_at(microseconds * 1000)
    return levels_at(simulator, simulator.market.update_at(0, step))


async def test_ccxt_reads_the_trades() -> None:
    async with (
        running(SimulatorOptions(exchange="bitstamp", rate=400)) as simulator,
        ccxt_bitstamp(simulator) as client,
    ):
        markets = await client.load_markets()
        assert set(markets) == {"BTC/USD", "ETH/USD"}
        assert markets["BTC/USD"]["precision"]["price"] == 0.01
        for number, trade in (await watched(client, "BTC/USD", 50, itemgetter("id"))).items():
            assert ccxt_told(trade) == trade_at(simulator, number)
        for trade in await client.fetch_trades("BTC/USD", params={"time": "minute"}):
            *what, milliseconds = trade_at(simulator, trade["id"])
            # over REST times are whole seconds
            assert ccxt_told(trade) == (*what, milliseconds // 1000 * 1000)


async def test_ccxt_keeps_the_book_level_for_level() -> None:
    async with (
        running(SimulatorOptions(exchange="bitstamp", rate=400)) as simulator,
        ccxt_bitstamp(simulator) as client,
    ):
        states = set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
            assert ccxt_sides(book) == levels_at_time(simulator, book["nonce"])
            states.add(book["nonce"])
        assert len(states) > 20


async def recorded(simulator: Simulator, count: int) -> tuple[list[bytes], bytes]:
    """The messages that our own plan receives, and a book over REST from in between."""
    exchange = EXCHANGES["bitstamp"]
    (plan,) = exchange.requests.plan(
        [Subscription(channel, "btcusd") for channel in RECORDED], simulator.websocket_url
    )
    messages: list[bytes] = []
    body = b""
    async with connect(plan.url, compression=None) as socket:
        assert plan.keepalive_text is not None
        await socket.send(plan.keepalive_text)
        for request in plan.requests:
            await socket.send(request.text)
        while len(messages) < count:
            messages.append(await asyncio.wait_for(socket.recv(decode=False), 20))
            if len(messages) == count * 2 // 3:
                body = answer(simulator, exchange.rest.snapshot_request("btcusd").path)
    return messages, body


async def test_our_rows_are_the_market() -> None:
    exchange = EXCHANGES["bitstamp"]
    async with running(SimulatorOptions(exchange="bitstamp", rate=400)) as simulator:
        messages, body = await recorded(simulator, 1500)
    continuity, confirmed = Continuity(exchange.channels), set()
    rows: list[Row] = []
    for payload in messages:
        header = exchange.messages.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            confirmed |= {each.channel for each in header.subscriptions}
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            continue
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        assert not observed.duplicate
        rows += exchange.messages.normalize(header, payload)
    assert confirmed == set(RECORDED)
    trades = [row for row in rows if isinstance(row, Trade)]
    assert len(trades) > 20
    for row in trades:
        assert told(row) == trade_at(simulator, row.id)
    assert_same_book(simulator, rows, body)
    assert_same_orders(simulator, rows)


def assert_same_book(simulator: Simulator, rows: list[Row], body: bytes) -> None:
    """The changes wait for the book over REST, which is older than the newest of them."""
    exchange = EXCHANGES["bitstamp"]
    (snapshot,) = exchange.rest.normalize_snapshot(exchange.rest.classify_snapshot("btcusd", body), body)
    assert isinstance(snapshot, BookUpdate)
    book, states = Book(), 0
    changes = [row for row in rows if isinstance(row, BookUpdate)]
    for change in changes[: len(changes) * 2 // 3]:
        book.apply(change)
    assert not book.synced
    book.apply(snapshot)
    assert book.synced
    for change in changes[len(changes) * 2 // 3 :]:
        book.apply(change)
        assert book.last_id is not None
        assert [list(side) for side in book.levels()] == levels_at_time(simulator, book.last_id)
        states += 1
    assert states > 5


def assert_same_orders(simulator: Simulator, rows: list[Row]) -> None:
    """The orders that remain at the end are the market's levels, among those with any event."""
    orders: dict[str, OrderEvent] = {}
    touched = set()
    events = [row for row in rows if isinstance(row, OrderEvent)]
    last = events[-1].timestamp  # of it, some may not have come any more
    events = [event for event in events if event.timestamp != last]
    for event in events:
        touched.add(event.price)
        orders[event.id] = event
    assert events[-1].timestamp is not None
    sides = levels_at_time(simulator, events[-1].timestamp // 1000)
    assert {
        (event.side, event.price, event.amount) for event in orders.values() if event.event != "deleted"
    } == {
        (side, price, amount)
        for side, levels in zip(("bid", "ask"), sides, strict=True)
        for price, amount in levels
        if price in touched
    }


def test_our_backfill_gives_the_trades_of_the_stream_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="bitstamp", rate=40))
    market, step = simulator.market, simulator._feed.step
    now = market.time_of(step)
    _, found = backfilled(simulator, Missing("live_trades", "btcusd", None, None, 0, 1), step)
    rows = [row for row in found if isinstance(row, Trade)]
    newest = market.order(0, market.last_order(0, step)).last
    assert [int(row.id) // 2 for row in rows] == list(range(newest - len(rows) + 1, newest + 1))
    assert rows[0].timestamp is not None
    assert rows[0].timestamp // 10**9 in range(now // 10**9 - 3601, now // 10**9 - 3590)
    for row in rows:
        assert told(row)[:3] == trade_at(simulator, row.id)[:3]
