"""ccxt on the simulated Hyperliquid: a second reading of the exchange, which must agree with the market.

Then our own exchange file on the same messages, compared with the market that sent them.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import ccxt.pro
import pytest
from support.simulated_exchange import (
    ccxt_sides,
    ccxt_told,
    closing,
    levels_at,
    listed,
    recorded,
    told,
    traded,
    watched,
)
from websockets.exceptions import ConnectionClosed

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Heartbeat, Reply, Subscription
from daedalus.simulator import Faults, Simulator, SimulatorOptions, running
from daedalus.simulator.exchanges.hyperliquid.text import trade_id
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

OPTIONS = SimulatorOptions(exchange="hyperliquid", symbols=("BTC", "PURR/USDC"), rate=400)
EXCHANGE = EXCHANGES["hyperliquid"]
SYMBOLS = {"BTC/USDC:USDC": 0, "PURR/USDC": 1}
STEPS_BACK = 4000


def ccxt_hyperliquid(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.hyperliquid({"options": {"fetchMarkets": {"types": ["spot", "swap"]}}})
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"]["public"] = f"{simulator.websocket_url}/ws"
    return closing(client)


def trades_of(simulator: Simulator, place: int) -> dict[int, tuple[str, float, float, int]]:
    """The recent trades by their ids: side, price, amount, ms."""
    market, step = simulator.market, simulator._feed.step
    numbers = range(market.last_order(place, step - STEPS_BACK), market.last_order(place, step) + 1)
    return {
        trade_id(place, fill.id): traded(simulator, fill.id, place)
        for number in numbers
        for fill in market.order(place, number).fills
    }


def books_of(simulator: Simulator, place: int, ms: int) -> list[list[Any]]:
    """The book's states within a millisecond."""
    market = simulator.market
    steps = range(market.step_at(ms * 10**6 - 1), market.step_at((ms + 1) * 10**6) + 1)
    return [levels_at(simulator, market.update_at(place, step), 20, place) for step in steps]


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_reads_the_trades(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_hyperliquid(simulator) as client:
        assert set(await client.load_markets()) == set(SYMBOLS)
        seen = await watched(client, symbol, 60)
        expected = trades_of(simulator, SYMBOLS[symbol])
    for number, trade in seen.items():
        assert ccxt_told(trade) == expected[number]


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_sees_the_books(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_hyperliquid(simulator) as client:
        for _ in range(6):
            book = await asyncio.wait_for(client.watch_order_book(symbol), 20)
            assert ccxt_sides(book) in books_of(simulator, SYMBOLS[symbol], book["timestamp"])


async def test_ccxt_watches_tickers_and_fetches_books_by_post() -> None:
    async with running(OPTIONS) as simulator, ccxt_hyperliquid(simulator) as client:
        ticker = await asyncio.wait_for(client.watch_ticker("BTC/USDC:USDC"), 20)
        assert ticker["last"] > 0 or ticker["markPrice"] > 0
        book = await client.fetch_order_book("BTC/USDC:USDC")
        assert len(book["bids"]) == len(book["asks"]) == 20


def all_of(symbol: str) -> list[Subscription]:
    return [Subscription(name, symbol) for name in EXCHANGE.channels]


@pytest.mark.parametrize(("symbol", "place"), [("BTC", 0), ("PURR/USDC", 1)])
async def test_our_rows_are_the_market(symbol: str, place: int) -> None:
    async with running(OPTIONS) as simulator:
        messages = await recorded(simulator, all_of(symbol), 500)
        expected = trades_of(simulator, place)
    rows: list[Row] = []
    served, pongs = set(), 0
    for payload in messages:
        header = EXCHANGE.messages.classify(payload)
        pongs += isinstance(header, Heartbeat)
        if isinstance(header, Reply):
            assert header.error is None
            served.update(header.subscriptions)
        if isinstance(header, Data):
            assert header.symbol == symbol
            rows += EXCHANGE.messages.normalize(header, payload)
        else:
            assert isinstance(header, Reply | Heartbeat)
    assert pongs == 1
    assert served == set(all_of(symbol))
    trades = [row for row in rows if isinstance(row, Trade)]
    assert len(trades) > 30
    for row in trades:
        assert told(row) == expected[int(row.id)]
    for row in rows:
        if isinstance(row, BookUpdate):
            assert row.timestamp is not None
            assert [list(row.bids), list(row.asks)] in books_of(simulator, place, row.timestamp // 10**6)
        if isinstance(row, Quote):
            assert row.timestamp is not None
            touches = [
                (*bids[0], *asks[0]) for bids, asks in books_of(simulator, place, row.timestamp // 10**6)
            ]
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) in touches
    contexts = [row for row in rows if isinstance(row, DerivativeTicker)]
    assert contexts
    assert all(row.mark_price and (row.funding_rate is None) is (place == 1) for row in contexts)


async def test_an_unknown_coin_costs_the_connection() -> None:
    async with running(OPTIONS) as simulator:
        with pytest.raises(ConnectionClosed) as closed:
            await recorded(simulator, all_of("NOPE"), 500)
        assert closed.value.rcvd is None


async def test_two_connections_that_lose_different_trades_have_them_all_together() -> None:
    options = SimulatorOptions(
        exchange="hyperliquid", symbols=("BTC",), rate=400, keep_sent=True, faults=Faults(lose_every=9)
    )
    async with running(options) as simulator:
        first, second = await asyncio.gather(
            *(recorded(simulator, all_of("BTC"), count) for count in (900, 900))
        )
        lost = {
            each.payload for each in simulator.lost if each.connection == 0 and each.stream == "trades:BTC"
        }
    trades = [[number for payload in messages for number in ids_of(payload)] for messages in (first, second)]
    assert lost
    missed = {row_id for text in lost for row_id in ids_of(str(text).encode())}
    assert missed.isdisjoint(trades[0])
    assert missed & set(trades[1])


def ids_of(payload: bytes) -> list[str]:
    """The ids of a message's trades."""
    header = EXCHANGE.messages.classify(payload)
    rows = EXCHANGE.messages.normalize(header, payload) if isinstance(header, Data) else ()
    return [row.id for row in rows if isinstance(row, Trade)]


async def test_our_list_of_instruments_is_asked_for_by_post() -> None:
    found = []
    async with running(OPTIONS) as simulator, aiohttp.ClientSession(simulator.rest_url) as http:
        for request in EXCHANGE.rest.instruments_requests():
            async with http.post(request.path, data=request.body) as answer:
                found += EXCHANGE.rest.instruments(await answer.read())
        assert found == listed(simulator)
