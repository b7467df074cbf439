"""ccxt on the simulated Deribit: a second reading of the exchange, which must agree with the market.

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
    last_diff,
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
from daedalus.simulator.exchanges.deribit.text import liquidation, trade_id
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Liquidation, Quote, Row, Trade

pytestmark = pytest.mark.integration

SYMBOL = "BTC-PERPETUAL"
CCXT_SYMBOL = "BTC/USD:BTC"


def ccxt_deribit(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.deribit()
    client.urls["api"]["rest"] = simulator.rest_url
    client.urls["api"]["ws"] = f"{simulator.websocket_url}/ws/api/v2"
    return closing(client)


def trade_at(simulator: Simulator, number: int) -> tuple[str, str, float, float, int]:
    """A trade of the market by its number: id, side, price, amount, ms."""
    return trade_id(simulator.market.instruments[0], number), *traded(simulator, number)


async def test_ccxt_reads_the_trades() -> None:
    async with (
        running(SimulatorOptions(exchange="deribit", rate=400)) as simulator,
        ccxt_deribit(simulator) as client,
    ):
        markets = await client.load_markets()
        assert set(markets) == {CCXT_SYMBOL, "ETH/USD:ETH"}
        assert markets[CCXT_SYMBOL]["precision"]["price"] == 0.01
        seen = await watched(client, CCXT_SYMBOL, 50, lambda trade: trade["info"]["trade_seq"])
        for trade in await client.fetch_trades(CCXT_SYMBOL, limit=40):
            seen[trade["info"]["trade_seq"]] = trade
        for number, trade in seen.items():
            assert (trade["id"], *ccxt_told(trade)) == trade_at(simulator, number)


async def test_ccxt_keeps_the_book_level_for_level() -> None:
    async with (
        running(SimulatorOptions(exchange="deribit", rate=400)) as simulator,
        ccxt_deribit(simulator) as client,
    ):
        market, states = simulator.market, set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(CCXT_SYMBOL), 20)
            # ccxt keeps no number of the last change: its time tells which state it is
            update, sides = last_diff(simulator, book["timestamp"] * 10**6 + 999_999), ccxt_sides(book)
            recent = [update - back * market.diff_every for back in range(3)]
            states |= {each for each in recent if levels_at(simulator, each) == sides}
        assert len(states) > 20


async def test_ccxt_watches_tickers_and_quotes() -> None:
    async with (
        running(SimulatorOptions(exchange="deribit", rate=400)) as simulator,
        ccxt_deribit(simulator) as client,
    ):
        await client.load_markets()
        ticker = await asyncio.wait_for(client.watch_ticker(CCXT_SYMBOL, {"interval": "100ms"}), 20)
        assert ticker["bid"] < ticker["ask"]
        quotes = await asyncio.wait_for(client.watch_bids_asks([CCXT_SYMBOL]), 20)
        assert quotes[CCXT_SYMBOL]["bid"] < quotes[CCXT_SYMBOL]["ask"]


async def test_our_rows_are_the_market() -> None:
    exchange = EXCHANGES["deribit"]
    wanted = [Subscription(channel, SYMBOL) for channel in exchange.channels]
    async with running(SimulatorOptions(exchange="deribit", rate=400)) as simulator:
        messages = await recorded(simulator, [*wanted, Subscription("trades", "DOGE-PERPETUAL")], 1500)
    continuity, book, confirmed = Continuity(exchange.channels), Book(), set()
    rows: list[Row] = []
    for payload in messages:
        header = exchange.messages.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            confirmed |= set(header.subscriptions)
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            continue
        assert continuity.observe(header, 0).gap is None
        for row in exchange.messages.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                book.apply(row)
                assert row.last_id is not None
                assert [list(side) for side in book.levels()] == levels_at(simulator, row.last_id)
    assert confirmed == set(wanted)  # and what the exchange does not know stays unconfirmed
    kinds = {type(row) for row in rows}
    assert kinds >= {Trade, BookUpdate, Quote, DerivativeTicker}
    closed = set()
    for row in rows:
        if isinstance(row, Trade):
            assert row.number is not None
            assert (row.id, *told(row)) == trade_at(simulator, row.number)
            if liquidation(order_of(simulator, row.number)):
                closed.add(row.id)
    assert {row.id for row in rows if isinstance(row, Liquidation)} == closed


def test_our_backfill_gives_the_trades_of_the_stream_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="deribit"))
    market, step = simulator.market, simulator._feed.step
    last = market.order(0, market.last_order(0, step)).last - 10
    first = last - 2499
    rows: list[Row] = []
    while len(rows) < 2500:
        missing = Missing("trades", SYMBOL, first + len(rows), last, 0, 1)
        header, answered = backfilled(simulator, missing, step)
        assert header.ids is not None
        found = [row for row in answered if isinstance(row, Trade)]
        assert (found[0].number, found[-1].number) == (header.ids.first, header.ids.last)
        rows += found
    trades = [row for row in rows if isinstance(row, Trade)]
    assert [row.number for row in trades] == list(range(first, last + 1))
    for row in trades:
        assert row.number is not None
        assert (row.id, *told(row)) == trade_at(simulator, row.number)
