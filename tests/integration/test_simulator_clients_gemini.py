"""Our own exchange file on the simulated Gemini: each is written from the documentation by itself.

No other client is known that speaks this API: ccxt speaks the archived one.
"""

from __future__ import annotations

import json

import pytest
from support.simulated_exchange import backfilled, levels_at, recorded, told, traded

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.options import Faults
from daedalus.tables.rows import BookUpdate, Quote, Row, Trade

pytestmark = pytest.mark.integration

EXCHANGE = EXCHANGES["gemini"]


def trade_at(simulator: Simulator, number: str) -> tuple[str, float, float, int]:
    """A trade of the first market by the id that the exchange gives it: side, price, amount, ms."""
    fill_id, place = divmod(int(number), len(simulator.market.instruments))
    assert place == 0
    return traded(simulator, fill_id)


def book_at(simulator: Simulator, number: int) -> list[list[tuple[float, float]]]:
    """The book of the first market by a number that the exchange gives it."""
    return levels_at(simulator, number // len(simulator.market.instruments))


WANTED = [
    *(Subscription(channel, "btcusd") for channel in EXCHANGE.channels),
    Subscription("trade", "nosuchusd"),
]
"""All channels of one symbol, and a symbol that there is not."""


async def test_our_rows_are_the_market() -> None:
    async with running(SimulatorOptions(exchange="gemini", rate=400)) as simulator:
        messages = await recorded(simulator, WANTED, 1000)
    continuity, book, errors, confirmed = Continuity(EXCHANGE.channels), Book(), {}, set()
    rows: list[Row] = []
    for payload in messages:
        header = EXCHANGE.messages.classify(payload)
        if isinstance(header, Reply) and header.error is not None:
            errors[header.request_id] = header.error
        elif isinstance(header, Reply):
            confirmed.add(header.request_id)
        if not isinstance(header, Data):
            assert isinstance(header, Reply)
            continue
        assert continuity.observe(header, 0).gap is None
        for row in EXCHANGE.messages.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                assert row.is_snapshot is (not book.synced)
                book.apply(row)
                assert row.last_id is not None
                assert [list(side) for side in book.levels()] == book_at(simulator, row.last_id)
    assert errors == {4: "Invalid stream name: nosuchusd@trade (code -1013)"}
    assert confirmed >= {1, 2, 3}
    assert {type(row) for row in rows} == {Trade, BookUpdate, Quote}
    for row in rows:
        if isinstance(row, Trade):
            assert told(row) == trade_at(simulator, row.id)
        elif isinstance(row, Quote):
            assert row.last_id is not None
            (bid, *_), (ask, *_) = book_at(simulator, row.last_id)
            assert (row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) == (*bid, *ask)


async def test_what_the_exchange_loses_is_a_gap_in_the_book() -> None:
    faults = Faults(lose_every=7)
    options = SimulatorOptions(exchange="gemini", rate=400, faults=faults, keep_sent=True)
    async with running(options) as simulator:
        messages = await recorded(simulator, WANTED, 1000)
    continuity, gaps, last = Continuity(EXCHANGE.channels), [], 0
    for payload in messages:
        header = EXCHANGE.messages.classify(payload)
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
        _, rows = backfilled(simulator, Missing("trade", "btcusd", None, None, from_ns, now), step)
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
        assert told(row) == trade_at(simulator, row.id)
