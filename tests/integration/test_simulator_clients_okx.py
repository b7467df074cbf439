"""ccxt on the simulated OKX: it knows the exchange by its own reading, and so must agree with it.

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
from daedalus.simulator.market import Order
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

OPTIONS = SimulatorOptions(exchange="okx", symbols=("BTC-USDT", "BTC-USDT-SWAP"), rate=400)
EXCHANGE = EXCHANGES["okx"]
SYMBOLS = {"BTC/USDT": 0, "BTC/USDT:USDT": 1}


@asynccontextmanager
async def ccxt_okx(simulator: Simulator) -> AsyncIterator[Any]:
    client = ccxt.pro.okx({"options": {"fetchMarkets": {"types": ["spot", "swap"]}}})
    client.has["fetchCurrencies"] = False  # needs a key
    client.urls["api"]["rest"] = simulator.rest_url
    client.urls["api"]["ws"] = f"{simulator.websocket_url}/ws/v5"
    try:
        yield client
    finally:
        await client.close()


def order_of(simulator: Simulator, place: int, trade: int) -> Order:
    return simulator.market.order(place, simulator.market.order_of_fill(trade))


def told(simulator: Simulator, place: int, order: Order, lots: int) -> tuple[str, float, float, int]:
    """A trade of this order as it must be told: side, price, amount, ms."""
    notation = Notation.short(simulator.market.instruments[place])
    side = "buy" if order.buy else "sell"
    price, amount = float(notation.price(order.price)), float(notation.amount(lots))
    return side, price, amount, order.time_ns // 10**6


def lots_of(order: Order, trade: int) -> int:
    return next(fill.amount for fill in order.fills if fill.id == trade)


def levels_at(simulator: Simulator, place: int, update: int, depth: int) -> list[list[tuple[float, float]]]:
    notation = Notation.short(simulator.market.instruments[place])
    return [
        [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
        for side in simulator.market.books[place].levels(update, depth)
    ]


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_reads_the_trades(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        markets = await client.load_markets()
        assert set(markets) == set(SYMBOLS)
        seen: dict[int, Any] = {}
        while len(seen) < 40:
            for trade in await asyncio.wait_for(client.watch_trades(symbol), 20):
                seen[int(trade["id"])] = trade
        last = None
        for number in sorted(seen):
            trade = seen[number]
            order = order_of(simulator, SYMBOLS[symbol], number)
            assert number == order.last
            assert int(trade["info"]["count"]) == len(order.fills)
            assert last is None or number - len(order.fills) == last
            last = number
            expected = told(simulator, SYMBOLS[symbol], order, order.amount)
            assert (trade["side"], trade["price"], trade["amount"], trade["timestamp"]) == expected


async def test_ccxt_fetches_single_trades_over_rest() -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        for method in ("publicGetMarketTrades", "publicGetMarketHistoryTrades"):
            trades = await client.fetch_trades("BTC/USDT", limit=30, params={"method": method})
            first = int(trades[0]["id"])
            assert sorted(int(trade["id"]) for trade in trades) == list(range(first, first + 30))
            for trade in trades:
                order = order_of(simulator, 0, int(trade["id"]))
                expected = told(simulator, 0, order, lots_of(order, int(trade["id"])))
                assert (trade["side"], trade["price"], trade["amount"], trade["timestamp"]) == expected


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_keeps_the_book_and_finds_its_chain_whole(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        numbers = set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(symbol), 20)
            sides = [[tuple(level[:2]) for level in book[side]] for side in ("bids", "asks")]
            assert sides == levels_at(simulator, SYMBOLS[symbol], book["nonce"], 400)
            numbers.add(book["nonce"])
        assert len(numbers) > 15


async def test_ccxt_watches_quotes_and_funding() -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        quotes = await asyncio.wait_for(client.watch_bids_asks(["BTC/USDT"]), 20)
        assert quotes["BTC/USDT"]["bid"] < quotes["BTC/USDT"]["ask"]
        funding = await asyncio.wait_for(client.watch_funding_rate("BTC/USDT:USDT"), 20)
        assert abs(funding["fundingRate"]) <= 0.0002


async def recorded(simulator: Simulator, count: int) -> list[bytes]:
    """What our own plans for all channels of the swap are answered with, one connection after the other."""
    wanted = [
        Subscription(name, "BTC-USDT-SWAP" if channel.per_symbol else "")
        for name, channel in EXCHANGE.channels.items()
    ]
    messages: list[bytes] = []
    for plan in EXCHANGE.plan(wanted, simulator.websocket_url):
        mine: list[bytes] = []
        async with connect(plan.url, compression=None) as socket:
            assert plan.keepalive_text is not None
            await socket.send(plan.keepalive_text)
            for request in plan.requests:
                await socket.send(request.text)
            while len(mine) < count:
                mine.append(await asyncio.wait_for(socket.recv(decode=False), 20))
        messages += mine
    return messages


async def test_our_rows_are_the_market() -> None:
    async with running(OPTIONS) as simulator:
        messages = await recorded(simulator, 500)
    continuity, book = Continuity(EXCHANGE.channels), Book()
    channels, replies, pongs = set(), set(), 0
    rows: list[Row] = []
    for payload in messages:
        header = EXCHANGE.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            replies.update(header.subscriptions)
        pongs += isinstance(header, Heartbeat)
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            continue
        channels.add(header.channel)
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        assert not observed.duplicate
        for row in EXCHANGE.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                book.apply(row)
                assert row.last_id is not None
                assert [list(side) for side in book.levels()] == levels_at(simulator, 1, row.last_id, 400)
    assert pongs == 2
    assert channels == set(EXCHANGE.channels) == {each.channel for each in replies}
    assert_trades(simulator, rows)
    for row in rows:
        if isinstance(row, Quote):
            assert row.last_id is not None
            (bid,), (ask,) = levels_at(simulator, 1, row.last_id, 1)
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)
    tickers = [row for row in rows if isinstance(row, DerivativeTicker)]
    names = "funding_rate", "open_interest", "index_price", "mark_price"
    assert all(any(getattr(row, name) is not None for row in tickers) for name in names)


def assert_trades(simulator: Simulator, rows: list[Row]) -> None:
    trades = [row for row in rows if isinstance(row, Trade)]
    orders = [row for row in rows if isinstance(row, AggTrade)]
    assert min(len(trades), len(orders)) > 20
    for row in trades:
        order = order_of(simulator, 1, int(row.id))
        assert row.timestamp is not None
        expected = told(simulator, 1, order, lots_of(order, int(row.id)))
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == expected
    for each in orders:
        order = order_of(simulator, 1, int(each.id))
        assert each.timestamp is not None
        assert (each.first_id, each.last_id) == (order.first, order.last)
        expected = told(simulator, 1, order, order.amount)
        assert (each.side, each.price, each.amount, each.timestamp // 10**6) == expected


@pytest.mark.parametrize("channel", ["trades_all", "trades"])
def test_our_backfill_gives_the_missing_trades(channel: str) -> None:
    simulator = Simulator(OPTIONS)
    step = simulator._feed.step
    last = simulator.market.order(0, simulator.market.last_order(0, step)).last - 500
    missing = Missing(channel, "BTC-USDT", last - 249, last, 0, 1)
    rows: list[Row] = []
    while True:
        request = EXCHANGE.backfill_request(missing)
        assert request is not None
        body = simulator.protocol.rest(HttpRequest.parse(request.path), step, 10**18).body
        header = EXCHANGE.classify_backfill(channel, "BTC-USDT", body)
        assert header.ids is not None
        assert header.ids.first == missing.first
        rows += EXCHANGE.normalize_backfill(header, body)
        if header.ids.last == last:
            break
        missing = Missing(channel, "BTC-USDT", header.ids.last + 1, last, 0, 1)
    assert [int(row.id) for row in rows if isinstance(row, Trade | AggTrade)] == list(
        range(last - 249, last + 1)
    )
    for row in rows:
        assert isinstance(row, Trade | AggTrade)
        order = order_of(simulator, 0, int(row.id))
        expected = told(simulator, 0, order, lots_of(order, int(row.id)))
        assert row.timestamp is not None
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == expected


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator = Simulator(OPTIONS)
    found = [
        each
        for request in EXCHANGE.instruments_requests()
        for each in EXCHANGE.instruments(
            simulator.protocol.rest(HttpRequest.parse(request.path), 10**6, 10**18).body
        )
    ]
    assert [(each.symbol, each.base, each.quote, each.type, each.contract_size) for each in found] == [
        ("BTC-USDT", "BTC", "USDT", "spot", None),
        ("BTC-USDT-SWAP", "BTC", "USDT", "perpetual", 1.0),
    ]
