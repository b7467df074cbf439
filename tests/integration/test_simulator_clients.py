"""Clients of other people on the simulated exchanges: that they work shows that the protocols are right.

ccxt knows the exchanges by its own reading. It loads the markets over REST, subscribes, answers pings, and
keeps books that it checks for gaps.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ccxt.pro
import pytest

from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.notation import Notation

pytestmark = pytest.mark.integration


@asynccontextmanager
async def binance(simulator: Simulator) -> AsyncIterator[Any]:
    client = ccxt.pro.binance({"options": {"defaultType": "spot", "fetchMarkets": {"types": ["spot"]}}})
    client.urls["api"]["public"] = f"{simulator.rest_url}/api/v3"
    client.urls["api"]["ws"]["spot"] = f"{simulator.websocket_url}/ws"
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def coinbase(simulator: Simulator, **credentials: str) -> AsyncIterator[Any]:
    client = ccxt.pro.coinbaseexchange(credentials)
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"] = simulator.websocket_url
    try:
        yield client
    finally:
        await client.close()


async def watched(client: Any, symbol: str, count: int) -> list[dict[str, Any]]:
    trades: dict[int, dict[str, Any]] = {}
    while len(trades) < count:
        for trade in await asyncio.wait_for(client.watch_trades(symbol), 20):
            trades[int(trade["id"])] = trade
    return [trades[number] for number in sorted(trades)]


def assert_same_trades(simulator: Simulator, trades: list[dict[str, Any]]) -> None:
    market, notation = simulator.market, Notation.short(simulator.market.instruments[0])
    first = int(trades[0]["id"])
    assert [int(trade["id"]) for trade in trades] == list(range(first, first + len(trades)))
    for trade in trades:
        order = market.order(0, market.order_of_fill(int(trade["id"])))
        fill = next(fill for fill in order.fills if fill.id == int(trade["id"]))
        assert trade["price"] == float(notation.price(order.price))
        assert trade["amount"] == float(notation.amount(fill.amount))
        assert trade["side"] == ("buy" if order.buy else "sell")
        assert trade["timestamp"] == order.time_ns // 10**6


def assert_same_book(simulator: Simulator, book: Any, update: int) -> None:
    assert sides_of(book) == sides_at(simulator, update)


def sides_of(book: Any) -> list[list[list[float]]]:
    return [[list(level[:2]) for level in book[side]] for side in ("bids", "asks")]


def sides_at(simulator: Simulator, update: int) -> list[list[list[float]]]:
    notation = Notation.short(simulator.market.instruments[0])
    return [
        [[float(notation.price(price)), float(notation.amount(amount))] for price, amount in side]
        for side in simulator.market.books[0].levels(update)
    ]


async def test_ccxt_reads_the_trades_of_binance() -> None:
    async with (
        running(SimulatorOptions(exchange="binance", rate=400)) as simulator,
        binance(simulator) as client,
    ):
        markets = await client.load_markets()
        assert set(markets) == {"BTC/USDT", "ETH/USDT"}
        assert markets["BTC/USDT"]["precision"]["price"] == 0.01
        assert_same_trades(simulator, await watched(client, "BTC/USDT", 50))


async def test_ccxt_keeps_the_book_of_binance() -> None:
    async with (
        running(SimulatorOptions(exchange="binance", rate=400)) as simulator,
        binance(simulator) as client,
    ):
        nonces = set()
        for _ in range(30):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USDT"), 20)
            assert_same_book(simulator, book, book["nonce"])
            nonces.add(book["nonce"])
        assert len(nonces) > 20


async def test_ccxt_fetches_over_rest_from_binance() -> None:
    async with (
        running(SimulatorOptions(exchange="binance", rate=400)) as simulator,
        binance(simulator) as client,
    ):
        book = await client.fetch_order_book("BTC/USDT", 1000)
        assert_same_book(simulator, book, book["nonce"])
        single = {"fetchTradesMethod": "publicGetTrades"}
        trades = await client.fetch_trades("BTC/USDT", limit=20, params=single)
        assert_same_trades(simulator, trades)
        assert abs(await client.fetch_time() - client.milliseconds()) < 5000


async def test_ccxt_watches_the_quotes_of_binance() -> None:
    async with (
        running(SimulatorOptions(exchange="binance", rate=400)) as simulator,
        binance(simulator) as client,
    ):
        quotes = await asyncio.wait_for(client.watch_bids_asks(["BTC/USDT"]), 20)
        assert quotes["BTC/USDT"]["bid"] < quotes["BTC/USDT"]["ask"]


async def test_ccxt_reads_the_trades_of_coinbase_exchange() -> None:
    async with (
        running(SimulatorOptions(exchange="coinbase_exchange", rate=200)) as simulator,
        coinbase(simulator) as client,
    ):
        assert_same_trades(simulator, await watched(client, "BTC/USD", 50))
        ticker = await asyncio.wait_for(client.watch_ticker("BTC/USD"), 20)
        assert ticker["bid"] < ticker["ask"]


async def test_ccxt_fetches_over_rest_from_coinbase_exchange() -> None:
    async with (
        running(SimulatorOptions(exchange="coinbase_exchange", rate=200)) as simulator,
        coinbase(simulator) as client,
    ):
        assert_same_trades(simulator, await client.fetch_trades("BTC/USD", limit=30))
        book = await client.fetch_order_book("BTC/USD", params={"level": 2})
        assert_same_book(simulator, book, book["nonce"] // 4)


async def test_ccxt_keeps_the_book_of_coinbase_exchange_when_it_signs() -> None:
    secret = base64.b64encode(b"anything").decode()
    async with (
        running(SimulatorOptions(exchange="coinbase_exchange", rate=200)) as simulator,
        coinbase(simulator, apiKey="key", secret=secret, password="word") as client,
    ):
        book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
        for _ in range(20):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
        # the feed does not number its updates: the time of the last one tells which state it is
        step = simulator.market.step_at(book["timestamp"] * 10**6 + 999_999)
        recent = [simulator.market.update_at(0, step - back) for back in range(4)]
        assert sides_of(book) in [sides_at(simulator, update) for update in recent]
