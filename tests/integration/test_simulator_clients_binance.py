"""ccxt on the simulated markets of Binance beside spot: a second reading of them.

Then our own exchange files on the same markets: trades, books, quotes, marks, and trades over REST.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import AbstractAsyncContextManager
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
    order_of,
    told,
    traded,
    watched,
)
from websockets.asyncio.client import connect

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.exchanges.binance.contracts import agg_id, outside
from daedalus.simulator.market import Order
from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

EXCHANGES_OF_CCXT = {
    "binance_us": ("binanceus", "spot", "public", "/api/v3", "BTC/USD"),
    "binance_futures": ("binanceusdm", "linear", "fapiPublic", "/fapi/v1", "BTC/USDT:USDT"),
    "binance_delivery": ("binancecoinm", "inverse", "dapiPublic", "/dapi/v1", "BTC/USD:BTC"),
}
FUTURES = ["binance_futures", "binance_delivery"]
SYMBOLS = {
    "binance": "BTCUSDT",
    "binance_us": "BTCUSD",
    "binance_futures": "BTCUSDT",
    "binance_delivery": "BTCUSD_PERP",
}


def ccxt_client(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    name, kind, public, api, _ = EXCHANGES_OF_CCXT[simulator.options.exchange]
    client = getattr(ccxt.pro, name)({"options": {"fetchMarkets": {"types": [kind]}}})
    client.has["fetchCurrencies"] = False  # needs a key
    client.urls["api"][public] = f"{simulator.rest_url}{api}"
    client.urls["api"]["ws"][kind] = f"{simulator.websocket_url}/ws"
    return closing(client)


def is_outside(simulator: Simulator, order: Order) -> bool:
    return simulator.options.exchange in FUTURES and outside(order) is not None


def update_of(simulator: Simulator, number: int) -> int:
    """The market's update for an id of the exchange's book."""
    return (number - 3) // 4 if simulator.options.exchange in FUTURES else number


@pytest.mark.parametrize("exchange", EXCHANGES_OF_CCXT)
async def test_ccxt_reads_the_trades(exchange: str) -> None:
    async with (
        running(SimulatorOptions(exchange=exchange, rate=400)) as simulator,
        ccxt_client(simulator) as client,
    ):
        symbol = EXCHANGES_OF_CCXT[exchange][-1]
        markets = await client.load_markets()
        assert markets[symbol]["precision"]["price"] == 0.01
        trades = await watched(client, symbol, 60, params={"name": "trade"})
        assert sorted(trades) == list(range(min(trades), max(trades) + 1))
        for number, trade in trades.items():
            if not is_outside(simulator, order_of(simulator, number)):
                assert ccxt_told(trade) == traded(simulator, number)


@pytest.mark.parametrize("exchange", FUTURES)
async def test_ccxt_reads_the_aggregate_trades_of_the_other_route(exchange: str) -> None:
    async with (
        running(SimulatorOptions(exchange=exchange, rate=400)) as simulator,
        ccxt_client(simulator) as client,
    ):
        trades = await watched(client, EXCHANGES_OF_CCXT[exchange][-1], 30, params={"name": "aggTrade"})
        for number, trade in trades.items():
            order = order_of(simulator, trade["info"]["f"])
            assert agg_id(order.id) == number
            side, _, amount, _ = traded(simulator, trade["info"]["f"], lots=order.amount)
            assert (trade["side"], trade["amount"]) == (side, amount)


@pytest.mark.parametrize("exchange", EXCHANGES_OF_CCXT)
async def test_ccxt_keeps_the_book(exchange: str) -> None:
    async with (
        running(SimulatorOptions(exchange=exchange, rate=400)) as simulator,
        ccxt_client(simulator) as client,
    ):
        nonces = set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(EXCHANGES_OF_CCXT[exchange][-1]), 20)
            assert ccxt_sides(book) == levels_at(simulator, update_of(simulator, book["nonce"]))
            nonces.add(book["nonce"])
        assert len(nonces) > 15


async def test_ccxt_reads_marks_and_liquidations_of_futures() -> None:
    async with (
        running(SimulatorOptions(exchange="binance_futures", rate=2000)) as simulator,
        ccxt_client(simulator) as client,
    ):
        symbol = EXCHANGES_OF_CCXT["binance_futures"][-1]
        mark = await asyncio.wait_for(client.watch_mark_price(symbol), 20)
        assert mark["info"]["p"] == str(mark["markPrice"]) or mark["markPrice"] == float(mark["info"]["p"])
        (forced,) = await asyncio.wait_for(client.watch_liquidations(symbol), 20)
        assert forced["side"] in ("buy", "sell")
        assert forced["price"] > 0


async def recorded(simulator: Simulator, seconds: float) -> list[bytes]:
    """The messages that our own plan for all channels of one symbol receives."""
    exchange = EXCHANGES[simulator.options.exchange]
    symbol = SYMBOLS[simulator.options.exchange]
    plans = exchange.requests.plan(
        [Subscription(each, symbol) for each in exchange.channels], simulator.websocket_url
    )
    messages: list[bytes] = []

    async def listen(url: str, texts: list[str]) -> None:
        async with connect(url, compression=None) as socket:
            for text in texts:
                await socket.send(text)
            while True:
                messages.append(await socket.recv(decode=False))

    listeners = [
        asyncio.create_task(listen(plan.url, [each.text for each in plan.requests])) for plan in plans
    ]
    await asyncio.sleep(seconds)
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    return messages


@pytest.mark.parametrize("name", SYMBOLS)
async def test_our_rows_are_the_market(name: str) -> None:
    async with running(SimulatorOptions(exchange=name, rate=1000)) as simulator:
        begun = simulator._feed.step
        messages = await recorded(simulator, 3.0)
    exchange, symbol = EXCHANGES[name], SYMBOLS[name]
    continuity = Continuity(exchange.channels)
    rows: dict[str, list[Row]] = defaultdict(list)
    for payload in messages:
        header = exchange.messages.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            continue
        assert (type(header), header.symbol) == (Data, symbol)
        observed = continuity.observe(header, 0)
        assert not observed.duplicate
        assert observed.gap is None
        rows[header.channel] += exchange.messages.normalize(header, payload)
    assert set(rows) == set(exchange.channels)

    trades = [row for row in rows["trade"] if isinstance(row, Trade)]
    expected = [
        number
        for number in range(int(trades[0].id), int(trades[-1].id) + 1)
        if not is_outside(simulator, order_of(simulator, number))
    ]
    assert len(expected) > 50
    assert [int(row.id) for row in trades] == expected
    assert [told(row) for row in trades] == [traded(simulator, number) for number in expected]
    for row in rows["aggTrade"]:
        assert isinstance(row, AggTrade)
        order = order_of(simulator, row.first_id)
        assert (row.last_id, row.amount) == (
            order.last,
            traded(simulator, row.first_id, lots=order.amount)[2],
        )

    book = Book()
    snapshot = answer(simulator, exchange.rest.snapshot_request(symbol).path, begun + 600)
    (whole,) = exchange.rest.normalize_snapshot(exchange.rest.classify_snapshot(symbol, snapshot), snapshot)
    assert isinstance(whole, BookUpdate)
    book.apply(whole)
    compared = 0
    for row in rows["depth"]:
        assert isinstance(row, BookUpdate)
        before = book.last_id
        book.apply(row)
        if book.last_id != before:
            assert row.last_id
            assert [*book.levels()] == levels_at(simulator, update_of(simulator, row.last_id))
            compared += 1
    assert compared > 5
    for row in rows["bookTicker"]:
        assert isinstance(row, Quote)
        assert row.last_id
        (bid, *_), (ask, *_) = levels_at(simulator, update_of(simulator, row.last_id))
        assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)
    for row in rows["markPrice"]:
        assert isinstance(row, DerivativeTicker)
        assert None not in (row.mark_price, row.index_price, row.funding_rate, row.funding_timestamp)


@pytest.mark.parametrize("name", SYMBOLS)
@pytest.mark.parametrize("channel", ["trade", "aggTrade"])
def test_our_backfill_gives_the_trades_of_the_market_again(name: str, channel: str) -> None:
    simulator = Simulator(SimulatorOptions(exchange=name))
    exchange, market, symbol, step = EXCHANGES[name], simulator.market, SYMBOLS[name], 10**9
    newest = market.last_order(0, step)
    orders = [market.order(0, number) for number in range(newest - 60, newest - 10)]
    inside = [order for order in orders if not is_outside(simulator, order)]
    if channel == "trade":
        wanted = [fill.id for order in inside for fill in order.fills]
    elif name in FUTURES:
        wanted = [agg_id(order.id) for order in inside]
    else:
        wanted = [order.id for order in inside]
    missing = Missing(channel, symbol, wanted[0], wanted[-1], 0, 1)
    header, rows = backfilled(simulator, missing, step)
    numbers = [
        number
        for part in (header, *header.more)
        if part.ids
        for number in range(part.ids.first, part.ids.last + 1)
    ]
    assert set(wanted) <= set(numbers)
    request = exchange.rest.backfill_request(missing)
    assert request is not None
    if "fromId" in request.path:
        assert numbers == wanted
    assert [int(row.id) for row in rows if isinstance(row, Trade | AggTrade)] == numbers
