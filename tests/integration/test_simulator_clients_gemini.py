"""Our own exchange file on the simulated Gemini: both are written from the documentation, each by itself.

No client of other people that we know speaks this API: ccxt still speaks the archived one.
"""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.notation import Notation
from daedalus.simulator.options import Faults
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import BookUpdate, Quote, Row, Trade

pytestmark = pytest.mark.integration

EXCHANGE = EXCHANGES["gemini"]


def trade_at(simulator: Simulator, number: str) -> tuple[str, float, float, int]:
    """A trade of the first market by the id that the exchange gives it: side, price, amount, ms."""
    market = simulator.market
    fill_id, place = divmod(int(number), len(market.instruments))
    assert place == 0
    notation, order = Notation.short(market.instruments[0]), market.order(0, market.order_of_fill(fill_id))
    fill = order.fills[fill_id - order.first]
    money = float(notation.price(order.price)), float(notation.amount(fill.amount))
    return "buy" if order.buy else "sell", *money, order.time_ns // 10**6


def levels_at(simulator: Simulator, number: int) -> list[list[tuple[float, float]]]:
    market = simulator.market
    notation = Notation.short(market.instruments[0])
    return [
        [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
        for side in market.books[0].levels(number // len(market.instruments))
    ]


async def recorded(simulator: Simulator, count: int) -> list[bytes]:
    """What our own plan for all channels of one symbol is answered with, and for a symbol there is not."""
    wanted = [Subscription(channel, "btcusd") for channel in EXCHANGE.channels]
    (plan,) = EXCHANGE.plan([*wanted, Subscription("trade", "nosuchusd")], simulator.websocket_url)
    messages: list[bytes] = []
    async with connect(plan.url, compression=None) as socket:
        assert plan.keepalive_text is not None
        await socket.send(plan.keepalive_text)
        for request in plan.requests:
            await socket.send(request.text)
        while len(messages) < count:
            messages.append(await asyncio.wait_for(socket.recv(decode=False), 20))
    return messages


async def test_our_rows_are_the_market() -> None:
    async with running(SimulatorOptions(exchange="gemini", rate=400)) as simulator:
        messages = await recorded(simulator, 1000)
    continuity, book, errors, confirmed = Continuity(EXCHANGE.channels), Book(), {}, set()
    rows: list[Row] = []
    for payload in messages:
        header = EXCHANGE.classify(payload)
        if isinstance(header, Reply) and header.error is not None:
            errors[header.request_id] = header.error
        elif isinstance(header, Reply):
            confirmed.add(header.request_id)
        if not isinstance(header, Data):
            assert isinstance(header, Reply)
            continue
        assert continuity.observe(header, 0).gap is None
        for row in EXCHANGE.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                assert row.is_snapshot is (not book.synced)
                book.apply(row)
                assert row.last_id is not None
                assert [list(side) for side in book.levels()] == levels_at(simulator, row.last_id)
    assert errors == {4: "Invalid stream name: nosuchusd@trade (code -1013)"}
    assert confirmed >= {1, 2, 3}
    assert {type(row) for row in rows} == {Trade, BookUpdate, Quote}
    for row in rows:
        if isinstance(row, Trade):
            assert row.timestamp is not None
            told = row.side, row.price, row.amount, row.timestamp // 10**6
            assert told == trade_at(simulator, row.id)
        elif isinstance(row, Quote):
            assert row.last_id is not None
            (bid, *_), (ask, *_) = levels_at(simulator, row.last_id)
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)


async def test_what_the_exchange_loses_is_a_gap_in_the_book() -> None:
    faults = Faults(lose_every=7)
    options = SimulatorOptions(exchange="gemini", rate=400, faults=faults, keep_sent=True)
    async with running(options) as simulator:
        messages = await recorded(simulator, 1000)
    continuity, gaps, last = Continuity(EXCHANGE.channels), [], 0
    for payload in messages:
        header = EXCHANGE.classify(payload)
        if isinstance(header, Data) and header.channel == "depth" and header.ids is not None:
            gap, last = continuity.observe(header, 0).gap, header.ids.last
            gaps += [(gap.from_id, gap.to_id - 1)] if gap else []
    lost: list[tuple[int, int]] = []
    for each in simulator.lost:
        update = json.loads(each.payload)
        if each.stream == "btcusd@depth@100ms" and update["u"] < last:
            begins = lost.pop()[0] if lost and lost[-1][1] == update["U"] else update["U"]
            lost.append((begins, update["u"]))
    assert len(lost) > 2
    assert gaps == lost


def test_our_backfill_gives_the_trades_of_the_stream_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="gemini", rate=400))
    market, step = simulator.market, simulator._feed.step
    now = market.time_of(step)
    ids: dict[int, Trade] = {}
    begin = from_ns = now - 60 * 10**9
    while True:
        request = EXCHANGE.backfill_request(Missing("trade", "btcusd", None, None, from_ns, now))
        assert request is not None
        body = simulator.protocol.rest(HttpRequest.parse(request.path), step, now).body
        rows = EXCHANGE.normalize_backfill(EXCHANGE.classify_backfill("trade", "btcusd", body), body)
        trades = [row for row in rows if isinstance(row, Trade)]
        before = len(ids)
        ids |= {int(row.id): row for row in trades}
        if len(ids) == before:
            break
        assert trades[-1].timestamp is not None
        from_ns = trades[-1].timestamp
    newest = market.order(0, market.last_order(0, step)).last
    assert [number // 2 for number in sorted(ids)] == list(range(newest - len(ids) + 1, newest + 1))
    assert len(ids) > 1000
    first = ids[min(ids)]
    assert first.timestamp is not None
    assert 0 <= first.timestamp + 10**6 - begin < 10**9
    for row in ids.values():
        assert row.timestamp is not None
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == trade_at(simulator, row.id)


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator = Simulator(SimulatorOptions(exchange="gemini"))
    (request,) = EXCHANGE.instruments_requests()
    body = simulator.protocol.rest(HttpRequest.parse(request.path), 10**6, 10**18).body
    assert [(each.symbol, each.base, each.quote, each.type) for each in EXCHANGE.instruments(body)] == [
        ("btcusd", "BTC", "USD", "spot"),
        ("ethusd", "ETH", "USD", "spot"),
    ]
