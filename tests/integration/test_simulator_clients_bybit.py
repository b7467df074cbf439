"""ccxt on the simulated Bybit: a second reading of the exchange, which must agree with the market.

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
    backfilled,
    ccxt_sides,
    ccxt_told,
    closing,
    last_diff,
    levels_at,
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
from daedalus.simulator.exchanges.bybit.text import trade_id
from daedalus.tables.rows import BookUpdate, Quote, Row, Trade

pytestmark = pytest.mark.integration

CATEGORIES = {"bybit": "linear", "bybit_spot": "spot"}
SYMBOLS = {"bybit": "BTC/USDT:USDT", "bybit_spot": "BTC/USDT"}
ORDERS_BACK = 3000


def ccxt_bybit(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    category = CATEGORIES[simulator.options.exchange]
    client = ccxt.pro.bybit({"options": {"fetchMarkets": {"types": [category]}}})
    client.has["fetchCurrencies"] = False  # needs a key
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"]["public"][category] = f"{simulator.websocket_url}/v5/public/{category}"
    return closing(client)


def known_trades(simulator: Simulator) -> dict[str, tuple[str, float, float, int]]:
    """The trades of the last orders by the ids that the exchange gives them: side, price, amount, ms."""
    market, category = simulator.market, CATEGORIES[simulator.options.exchange]
    last = market.last_order(0, simulator._feed.step)
    orders = (market.order(0, number) for number in range(last - ORDERS_BACK, last + 100))
    numbers = (fill.id for order in orders for fill in order.fills)
    return {trade_id(category, "BTCUSDT", number): traded(simulator, number) for number in numbers}


@pytest.mark.parametrize("exchange", CATEGORIES)
async def test_ccxt_reads_the_trades(exchange: str) -> None:
    async with (
        running(SimulatorOptions(exchange=exchange, rate=400)) as simulator,
        ccxt_bybit(simulator) as client,
    ):
        markets = await client.load_markets()
        assert SYMBOLS[exchange] in markets
        assert markets[SYMBOLS[exchange]]["precision"]["price"] == 0.01
        seen = await watched(client, SYMBOLS[exchange], 50, itemgetter("id"))
        for trade in await client.fetch_trades(SYMBOLS[exchange], limit=40):
            seen[trade["id"]] = trade
        known = known_trades(simulator)
        for number, trade in seen.items():
            assert ccxt_told(trade) == known[number]


@pytest.mark.parametrize("exchange", CATEGORIES)
async def test_ccxt_keeps_the_book(exchange: str) -> None:
    async with (
        running(SimulatorOptions(exchange=exchange, rate=400)) as simulator,
        ccxt_bybit(simulator) as client,
    ):
        market, states = simulator.market, 0
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(SYMBOLS[exchange], 50), 20)
            # ccxt does not keep the number of the last message: its time tells which state it is
            update = last_diff(simulator, book["timestamp"] * 10**6 + 999_999)
            recent = [levels_at(simulator, update - back * market.diff_every, 50) for back in range(3)]
            assert ccxt_sides(book) in recent
            states += 1
        assert states == 25


@pytest.mark.parametrize("name", CATEGORIES)
async def test_our_rows_are_the_market(name: str) -> None:
    async with running(SimulatorOptions(exchange=name, rate=400)) as simulator:
        wanted = [Subscription(channel, "BTCUSDT") for channel in EXCHANGES[name].channels]
        messages = await recorded(simulator, wanted, 1200)
        known = known_trades(simulator)
    exchange, market = EXCHANGES[name], simulator.market
    continuity, book, kinds = Continuity(exchange.channels), Book(), set()
    rows: list[Row] = []
    for payload in messages:
        header = exchange.messages.classify(payload)
        kinds.add((type(header), getattr(header, "channel", "")))
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            assert not isinstance(header, Reply) or header.error is None
            continue
        observed = continuity.observe(header, 0)
        assert observed.gap is None
        for row in exchange.messages.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                book.apply(row)
                assert row.last_id is not None
                after = row.last_id * market.diff_every
                assert [list(side) for side in book.levels()] == levels_at(simulator, after, 200)
    assert {(Reply, ""), (Heartbeat, "")} <= kinds
    assert {channel for kind, channel in kinds if kind is Data} == set(exchange.channels)
    trades = [row for row in rows if isinstance(row, Trade)]
    assert len(trades) > 50
    for row in trades:
        assert told(row) == known[row.id]
    for row in rows:
        if isinstance(row, Quote):
            assert row.last_id is not None
            (bid,), (ask,) = levels_at(simulator, row.last_id, 1)
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)


@pytest.mark.parametrize("name", CATEGORIES)
def test_our_backfill_gives_the_newest_trades_again(name: str) -> None:
    simulator = Simulator(SimulatorOptions(exchange=name))
    market, step = simulator.market, simulator._feed.step
    _, rows = backfilled(simulator, Missing("publicTrade", "BTCUSDT", None, None, 0, 1), step)
    assert len(rows) == {"bybit": 1000, "bybit_spot": 60}[name]
    newest = market.order(0, market.last_order(0, step)).last
    numbers = range(newest - len(rows) + 1, newest + 1)
    category = CATEGORIES[name]
    assert [row.id for row in rows if isinstance(row, Trade)] == [
        trade_id(category, "BTCUSDT", number) for number in numbers
    ]
