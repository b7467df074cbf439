"""ccxt on the simulated OKX: a second reading of the exchange, which must agree with the market.

Then our own exchange file on the same messages, compared with the market that sent them.
"""

from __future__ import annotations

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any

import ccxt.pro
import pytest
from support.simulated_exchange import (
    backfilled,
    ccxt_sides,
    ccxt_told,
    closing,
    levels_at,
    order_of,
    recorded,
    told,
    traded,
    watched,
)

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Heartbeat, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.tables.rows import AggTrade, BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

OPTIONS = SimulatorOptions(exchange="okx", symbols=("BTC-USDT", "BTC-USDT-SWAP"), rate=400)
EXCHANGE = EXCHANGES["okx"]
SYMBOLS = {"BTC/USDT": 0, "BTC/USDT:USDT": 1}
WANTED = [
    Subscription(name, "BTC-USDT-SWAP" if channel.per_symbol else "")
    for name, channel in EXCHANGE.channels.items()
]


def ccxt_okx(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.okx({"options": {"fetchMarkets": {"types": ["spot", "swap"]}}})
    client.has["fetchCurrencies"] = False  # needs a key
    client.urls["api"]["rest"] = simulator.rest_url
    client.urls["api"]["ws"] = f"{simulator.websocket_url}/ws/v5"
    return closing(client)


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_reads_the_trades(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        markets = await client.load_markets()
        assert set(markets) == set(SYMBOLS)
        seen = await watched(client, symbol, 40)
        last = None
        for number in sorted(seen):
            trade = seen[number]
            order = order_of(simulator, number, SYMBOLS[symbol])
            assert number == order.last
            assert int(trade["info"]["count"]) == len(order.fills)
            assert last is None or number - len(order.fills) == last
            last = number
            assert ccxt_told(trade) == traded(simulator, number, SYMBOLS[symbol], order.amount)


async def test_ccxt_fetches_single_trades_over_rest() -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        for method in ("publicGetMarketTrades", "publicGetMarketHistoryTrades"):
            trades = await client.fetch_trades("BTC/USDT", limit=30, params={"method": method})
            first = int(trades[0]["id"])
            assert sorted(int(trade["id"]) for trade in trades) == list(range(first, first + 30))
            for trade in trades:
                assert ccxt_told(trade) == traded(simulator, int(trade["id"]))


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_keeps_the_book_and_finds_its_chain_whole(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        numbers = set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(symbol), 20)
            assert ccxt_sides(book) == levels_at(simulator, book["nonce"], 400, SYMBOLS[symbol])
            numbers.add(book["nonce"])
        assert len(numbers) > 15


async def test_ccxt_watches_quotes_and_funding() -> None:
    async with running(OPTIONS) as simulator, ccxt_okx(simulator) as client:
        quotes = await asyncio.wait_for(client.watch_bids_asks(["BTC/USDT"]), 20)
        assert quotes["BTC/USDT"]["bid"] < quotes["BTC/USDT"]["ask"]
        funding = await asyncio.wait_for(client.watch_funding_rate("BTC/USDT:USDT"), 20)
        assert abs(funding["fundingRate"]) <= 0.0002


async def test_our_rows_are_the_market() -> None:
    async with running(OPTIONS) as simulator:
        messages = await recorded(simulator, WANTED, 500)
    continuity, book = Continuity(EXCHANGE.channels), Book()
    channels, replies, pongs = set(), set(), 0
    rows: list[Row] = []
    for payload in messages:
        header = EXCHANGE.messages.classify(payload)
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
        for row in EXCHANGE.messages.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                book.apply(row)
                assert row.last_id is not None
                assert [list(side) for side in book.levels()] == levels_at(simulator, row.last_id, 400, 1)
    assert pongs == 2
    assert channels == set(EXCHANGE.channels) == {each.channel for each in replies}
    assert_trades(simulator, rows)
    for row in rows:
        if isinstance(row, Quote):
            assert row.last_id is not None
            (bid,), (ask,) = levels_at(simulator, row.last_id, 1, 1)
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)
    tickers = [row for row in rows if isinstance(row, DerivativeTicker)]
    names = "funding_rate", "open_interest", "index_price", "mark_price"
    assert all(any(getattr(row, name) is not None for row in tickers) for name in names)


def assert_trades(simulator: Simulator, rows: list[Row]) -> None:
    trades = [row for row in rows if isinstance(row, Trade)]
    orders = [row for row in rows if isinstance(row, AggTrade)]
    assert min(len(trades), len(orders)) > 20
    for row in trades:
        assert told(row) == traded(simulator, int(row.id), 1)
    for each in orders:
        order = order_of(simulator, int(each.id), 1)
        assert (each.first_id, each.last_id) == (order.first, order.last)
        assert told(each) == traded(simulator, int(each.id), 1, order.amount)


@pytest.mark.parametrize("channel", ["trades_all", "trades"])
def test_our_backfill_gives_the_missing_trades(channel: str) -> None:
    simulator = Simulator(OPTIONS)
    step = simulator._feed.step
    last = simulator.market.order(0, simulator.market.last_order(0, step)).last - 500
    missing = Missing(channel, "BTC-USDT", last - 249, last, 0, 1)
    rows: list[Row] = []
    while True:
        header, found = backfilled(simulator, missing, step)
        assert header.ids is not None
        assert header.ids.first == missing.first
        rows += found
        if header.ids.last == last:
            break
        missing = Missing(channel, "BTC-USDT", header.ids.last + 1, last, 0, 1)
    assert [int(row.id) for row in rows if isinstance(row, Trade | AggTrade)] == list(
        range(last - 249, last + 1)
    )
    for row in rows:
        assert isinstance(row, Trade | AggTrade)
        assert told(row) == traded(simulator, int(row.id))
