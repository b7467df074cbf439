"""ccxt on the simulated Deribit: it knows the exchange by its own reading, and so must agree with it.

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
from daedalus.simulator.exchanges.deribit.text import liquidation, trade_id
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Liquidation, Quote, Row, Trade

pytestmark = pytest.mark.integration

SYMBOL = "BTC-PERPETUAL"
CCXT_SYMBOL = "BTC/USD:BTC"


@asynccontextmanager
async def ccxt_deribit(simulator: Simulator) -> AsyncIterator[Any]:
    client = ccxt.pro.deribit()
    client.urls["api"]["rest"] = simulator.rest_url
    client.urls["api"]["ws"] = f"{simulator.websocket_url}/ws/api/v2"
    try:
        yield client
    finally:
        await client.close()


def trade_at(simulator: Simulator, number: int) -> tuple[str, str, float, float, int]:
    """A trade of the market by its number: id, side, price, amount, ms."""
    market = simulator.market
    notation, order = Notation.short(market.instruments[0]), market.order(0, market.order_of_fill(number))
    fill = order.fills[number - order.first]
    money = float(notation.price(order.price)), float(notation.amount(fill.amount))
    return (
        trade_id(market.instruments[0], number),
        "buy" if order.buy else "sell",
        *money,
        order.time_ns // 10**6,
    )


def levels_at(simulator: Simulator, update: int) -> list[list[tuple[float, float]]]:
    notation = Notation.short(simulator.market.instruments[0])
    return [
        [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
        for side in simulator.market.books[0].levels(update)
    ]


async def test_ccxt_reads_the_trades() -> None:
    async with (
        running(SimulatorOptions(exchange="deribit", rate=400)) as simulator,
        ccxt_deribit(simulator) as client,
    ):
        markets = await client.load_markets()
        assert set(markets) == {CCXT_SYMBOL, "ETH/USD:ETH"}
        assert markets[CCXT_SYMBOL]["precision"]["price"] == 0.01
        seen: dict[int, Any] = {}
        while len(seen) < 50:
            for trade in await asyncio.wait_for(client.watch_trades(CCXT_SYMBOL), 20):
                seen[trade["info"]["trade_seq"]] = trade
        for trade in await client.fetch_trades(CCXT_SYMBOL, limit=40):
            seen[trade["info"]["trade_seq"]] = trade
        for number, trade in seen.items():
            told = trade["id"], trade["side"], trade["price"], trade["amount"], trade["timestamp"]
            assert told == trade_at(simulator, number)


async def test_ccxt_keeps_the_book_level_for_level() -> None:
    async with (
        running(SimulatorOptions(exchange="deribit", rate=400)) as simulator,
        ccxt_deribit(simulator) as client,
    ):
        market, states = simulator.market, set()
        for _ in range(25):
            book = await asyncio.wait_for(client.watch_order_book(CCXT_SYMBOL), 20)
            # ccxt keeps no number of the last change: its time tells which state it is
            step = market.step_at(book["timestamp"] * 10**6 + 999_999)
            update = market.update_at(0, step) // market.diff_every * market.diff_every
            sides = [[(price, amount) for price, amount, *_ in book[side]] for side in ("bids", "asks")]
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
        (plan,) = exchange.plan([*wanted, Subscription("trades", "DOGE-PERPETUAL")], simulator.websocket_url)
        messages: list[bytes] = []
        async with connect(plan.url, compression=None) as socket:
            for request in plan.requests:
                await socket.send(request.text)
            while len(messages) < 1500:
                messages.append(await asyncio.wait_for(socket.recv(decode=False), 20))
    continuity, book, confirmed = Continuity(exchange.channels), Book(), set()
    rows: list[Row] = []
    for payload in messages:
        header = exchange.classify(payload)
        if isinstance(header, Reply):
            assert header.error is None
            confirmed |= set(header.subscriptions)
        if not isinstance(header, Data):
            assert isinstance(header, Reply | Heartbeat)
            continue
        assert continuity.observe(header, 0).gap is None
        for row in exchange.normalize(header, payload):
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
            assert row.timestamp is not None
            told = row.id, row.side, row.price, row.amount, row.timestamp // 10**6
            assert told == trade_at(simulator, row.number)
            if liquidation(simulator.market.order(0, simulator.market.order_of_fill(row.number))):
                closed.add(row.id)
    assert {row.id for row in rows if isinstance(row, Liquidation)} == closed


def test_our_backfill_gives_the_trades_of_the_stream_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="deribit"))
    exchange, market, step = EXCHANGES["deribit"], simulator.market, simulator._feed.step
    last = market.order(0, market.last_order(0, step)).last - 10
    first = last - 2499
    rows: list[Row] = []
    while len(rows) < 2500:
        request = exchange.backfill_request(Missing("trades", SYMBOL, first + len(rows), last, 0, 1))
        assert request is not None
        body = simulator.protocol.rest(HttpRequest.parse(request.path), step, market.time_of(step)).body
        header = exchange.classify_backfill("trades", SYMBOL, body)
        assert header.ids is not None
        found = [row for row in exchange.normalize_backfill(header, body) if isinstance(row, Trade)]
        assert (found[0].number, found[-1].number) == (header.ids.first, header.ids.last)
        rows += found
    trades = [row for row in rows if isinstance(row, Trade)]
    assert [row.number for row in trades] == list(range(first, last + 1))
    for row in trades:
        assert row.number is not None
        assert row.timestamp is not None
        told = row.id, row.side, row.price, row.amount, row.timestamp // 10**6
        assert told == trade_at(simulator, row.number)


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator, exchange = Simulator(SimulatorOptions(exchange="deribit")), EXCHANGES["deribit"]
    (request,) = exchange.instruments_requests()
    body = simulator.protocol.rest(HttpRequest.parse(request.path), 10**6, 10**18).body
    assert [
        (each.symbol, each.base, each.quote, each.type, each.tick) for each in exchange.instruments(body)
    ] == [
        ("BTC-PERPETUAL", "BTC", "USD", "perpetual", 0.01),
        ("ETH-PERPETUAL", "ETH", "USD", "perpetual", 0.01),
    ]
