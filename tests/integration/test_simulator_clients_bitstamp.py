"""ccxt on the simulated Bitstamp: it knows the exchange by its own reading, and so must agree with it.

Then what our own exchange file makes of the same messages, compared with the market they came from.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
import pytest
from websockets.asyncio.client import connect

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Heartbeat, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import BookUpdate, OrderEvent, Row, Trade

pytestmark = pytest.mark.integration

RECORDED = ("live_trades", "diff_order_book", "live_orders")


@asynccontextmanager
async def ccxt_bitstamp(simulator: Simulator) -> AsyncIterator[Any]:
    client = ccxt.pro.bitstamp()
    client.urls["api"]["public"] = f"{simulator.rest_url}/api"
    client.urls["api"]["ws"] = simulator.websocket_url
    try:
        yield client
    finally:
        await client.close()


def trade_at(simulator: Simulator, number: str) -> tuple[str, float, float, int]:
    """A trade of the first market by the id that the exchange gives it: side, price, amount, ms."""
    market = simulator.market
    fill_id, place = divmod(int(number), len(market.instruments))
    assert place == 0
    notation, order = Notation.short(market.instruments[0]), market.order(0, market.order_of_fill(fill_id))
    fill = order.fills[fill_id - order.first]
    money = float(notation.price(order.price)), float(notation.amount(fill.amount))
    return "buy" if order.buy else "sell", *money, order.time_ns // 10**6


def levels_at(simulator: Simulator, update: int) -> list[list[tuple[float, float]]]:
    notation = Notation.short(simulator.market.instruments[0])
    return [
        [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
        for side in simulator.market.books[0].levels(update)
    ]


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
        seen: dict[str, Any] = {}
        while len(seen) < 50:
            for trade in await asyncio.wait_for(client.watch_trades("BTC/USD"), 20):
                seen[trade["id"]] = trade
        for number, trade in seen.items():
            told = trade["side"], trade["price"], trade["amount"], trade["timestamp"]
            assert told == trade_at(simulator, number)
        for trade in await client.fetch_trades("BTC/USD", params={"time": "minute"}):
            *told, milliseconds = trade_at(simulator, trade["id"])
            assert [trade["side"], trade["price"], trade["amount"]] == told
            assert trade["timestamp"] == milliseconds // 1000 * 1000  # over REST times are whole seconds


async def test_ccxt_keeps_the_book_level_for_level() -> None:
    async with (
        running(SimulatorOptions(exchange="bitstamp", rate=400)) as simulator,
        ccxt_bitstamp(simulator) as client,
    ):
        states = set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
            sides = [[(price, amount) for price, amount, *_ in book[side]] for side in ("bids", "asks")]
            assert sides == levels_at_time(simulator, book["nonce"])
            states.add(book["nonce"])
        assert len(states) > 20


async def recorded(simulator: Simulator, count: int) -> tuple[list[bytes], bytes]:
    """What our own plan is answered with, and a book over REST from when the stream ran."""
    exchange = EXCHANGES["bitstamp"]
    (plan,) = exchange.plan(
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
                path = exchange.snapshot_request("btcusd").path
                body = simulator.protocol.rest(HttpRequest.parse(path), simulator._feed.step, 0).body
    return messages, body


async def test_our_rows_are_the_market() -> None:
    exchange = EXCHANGES["bitstamp"]
    async with running(SimulatorOptions(exchange="bitstamp", rate=400)) as simulator:
        messages, body = await recorded(simulator, 1500)
    continuity, confirmed = Continuity(exchange.channels), set()
    rows: list[Row] = []
    for payload in messages:
        header = exchange.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            confirmed |= {each.channel for each in header.subscriptions}
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            continue
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        assert not observed.duplicate
        rows += exchange.normalize(header, payload)
    assert confirmed == set(RECORDED)
    trades = [row for row in rows if isinstance(row, Trade)]
    assert len(trades) > 20
    for row in trades:
        assert row.timestamp is not None
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == trade_at(simulator, row.id)
    assert_same_book(simulator, rows, body)
    assert_same_orders(simulator, rows)


def assert_same_book(simulator: Simulator, rows: list[Row], body: bytes) -> None:
    """The changes wait for the book over REST, which is older than the newest of them."""
    exchange = EXCHANGES["bitstamp"]
    (snapshot,) = exchange.normalize(exchange.classify_snapshot("btcusd", body), body)
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
    """The orders that rest in the end are the market's levels, as far as something happened to them."""
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
    exchange, market, step = EXCHANGES["bitstamp"], simulator.market, simulator._feed.step
    request = exchange.backfill_request(Missing("live_trades", "btcusd", None, None, 0, 1))
    assert request is not None
    now = market.time_of(step)
    body = simulator.protocol.rest(HttpRequest.parse(request.path), step, now).body
    header = exchange.classify_backfill("live_trades", "btcusd", body)
    rows = [row for row in exchange.normalize_backfill(header, body) if isinstance(row, Trade)]
    newest = market.order(0, market.last_order(0, step)).last
    assert [int(row.id) // 2 for row in rows] == list(range(newest - len(rows) + 1, newest + 1))
    assert rows[0].timestamp is not None
    assert rows[0].timestamp // 10**9 in range(now // 10**9 - 3601, now // 10**9 - 3590)
    for row in rows:
        assert (row.side, row.price, row.amount) == trade_at(simulator, row.id)[:3]


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator, exchange = Simulator(SimulatorOptions(exchange="bitstamp")), EXCHANGES["bitstamp"]
    (request,) = exchange.instruments_requests()
    body = simulator.protocol.rest(HttpRequest.parse(request.path), 10**6, 10**18).body
    assert [
        (each.symbol, each.base, each.quote, each.type, each.tick) for each in exchange.instruments(body)
    ] == [
        ("btcusd", "BTC", "USD", "spot", 0.01),
        ("ethusd", "ETH", "USD", "spot", 0.01),
    ]
