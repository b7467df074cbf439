"""ccxt and our own reading on the simulated Coinbase Advanced Trade."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AbstractAsyncContextManager
from typing import Any

import ccxt.pro
import pytest
from msgspec import structs
from support.simulated_exchange import (
    backfilled,
    ccxt_sides,
    ccxt_told,
    closing,
    last_diff,
    levels_at,
    order_of,
    payloads,
    told,
    traded,
    watched,
)
from websockets.asyncio.client import connect

from daedalus.exchanges.coinbase.exchange import COINBASE
from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.model import Data, Missing, Reply, Subscription
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.options import Faults
from daedalus.tables.rows import BookUpdate, Quote, Trade

pytestmark = pytest.mark.integration

EXCHANGE = COINBASE
MAKER = {"buy": "sell", "sell": "buy"}


def coinbase(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.coinbase()
    client.has["fetchCurrencies"] = False  # of the wallets' API, which is another one
    client.urls["api"]["rest"] = simulator.rest_url
    client.urls["api"]["ws"] = simulator.websocket_url
    return closing(client)


def market() -> SimulatorOptions:
    return SimulatorOptions(exchange="coinbase", rate=300, depth=100, keep_sent=True)


def sides_at(simulator: Simulator, time_ns: int) -> list[list[tuple[float, float]]]:
    """The book after the last diff by a time."""
    return levels_at(simulator, last_diff(simulator, time_ns))


def sent(simulator: Simulator, channel: str) -> list[bytes]:
    """The messages of a channel about the first market."""
    return payloads(simulator, f"{channel}:BTC-USD".__eq__)


async def test_ccxt_and_we_read_the_trades_but_ccxt_leaves_the_makers_side() -> None:
    async with running(market()) as simulator, coinbase(simulator) as client:
        markets = await client.load_markets()
        assert {"BTC/USD", "ETH/USD"} <= set(markets)
        seen = await watched(client, "BTC/USD", 160)
        numbers = sorted(seen)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for number in numbers:
            side, *rest = traded(simulator, number)
            assert ccxt_told(seen[number]) == (MAKER[side], *rest)
        continuity = Continuity(EXCHANGE.channels)
        ours: list[Trade] = []
        for payload in sent(simulator, "market_trades"):
            header = EXCHANGE.messages.classify(payload)
            assert continuity.observe(header, 0).gap is None
            ours += [row for row in EXCHANGE.messages.normalize(header, payload) if isinstance(row, Trade)]
        assert [int(row.id) for row in ours] == sorted({int(row.id) for row in ours})
        assert {int(row.id) for row in ours} >= set(numbers)
        for row in ours:
            assert told(row) == traded(simulator, int(row.id))
            assert row.timestamp == order_of(simulator, int(row.id)).time_ns // 1000 * 1000


async def test_ccxt_and_we_keep_the_book() -> None:
    async with running(market()) as simulator, coinbase(simulator) as client:
        await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
        for _ in range(30):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD"), 20)
            assert ccxt_sides(book) == sides_at(simulator, book["timestamp"] * 10**6 + 999_999)
        bids: dict[float, float] = {}
        asks: dict[float, float] = {}
        messages = sent(simulator, "level2")
        assert len(messages) > 30
        for payload in messages:
            header = EXCHANGE.messages.classify(payload)
            (row,) = EXCHANGE.messages.normalize(header, payload)
            assert isinstance(row, BookUpdate)
            assert row.is_snapshot is header.is_snapshot is (payload is messages[0])
            assert row.timestamp is not None
            for side, changes in ((bids, row.bids), (asks, row.asks)):
                side.update(changes)
                for price in [price for price, amount in side.items() if not amount]:
                    del side[price]
            if not row.is_snapshot:
                expected = sides_at(simulator, row.timestamp + 999)
                assert [sorted(bids.items(), reverse=True), sorted(asks.items())] == expected


async def test_ccxt_and_we_read_the_quotes() -> None:
    async with running(market()) as simulator, coinbase(simulator) as client:
        for _ in range(5):
            quote = await asyncio.wait_for(client.watch_ticker("BTC/USD"), 20)
        rows = [
            row
            for payload in sent(simulator, "ticker")
            for row in EXCHANGE.messages.normalize(EXCHANGE.messages.classify(payload), payload)
            if isinstance(row, Quote)
        ]
        tops = [(row.bid_price, row.bid_amount, row.ask_price, row.ask_amount) for row in rows]
        assert (quote["bid"], quote["bidVolume"], quote["ask"], quote["askVolume"]) in tops


async def test_ccxt_and_we_fetch_trades_over_rest() -> None:
    async with running(market()) as simulator, coinbase(simulator) as client:
        for each in await client.fetch_trades("BTC/USD", limit=30):
            side, price, amount, _ = traded(simulator, int(each["id"]))
            assert (each["side"], each["price"], each["amount"]) == (MAKER[side], price, amount)
        book = await client.fetch_order_book("BTC/USD", 10)
        assert book["bids"][0][0] < book["asks"][0][0]


async def test_every_frame_of_a_connection_is_numbered_whatever_it_is() -> None:
    wanted = [Subscription(channel, "BTC-USD") for channel in EXCHANGE.channels]
    async with running(market()) as simulator:
        plans = EXCHANGE.requests.plan(wanted, simulator.websocket_url)
        assert len(plans) == 2
        confirmed: set[Subscription] = set()
        for plan in plans:
            kinds: Counter[str] = Counter()
            numbers: list[int | None] = []
            async with connect(plan.url, max_size=None) as websocket:
                for request in plan.requests:
                    await websocket.send(request.text)
                    await asyncio.sleep(plan.send_interval_seconds)
                if plan is plans[1]:
                    for text in EXCHANGE.requests.resubscribe(Subscription("level2", "BTC-USD")):
                        await websocket.send(text)
                async with asyncio.timeout(20):
                    while sum(kinds.values()) < 60 or not kinds["heartbeat"]:
                        header = EXCHANGE.messages.classify(str(await websocket.recv()).encode())
                        numbers.append(header.sequence)
                        kinds[getattr(header, "channel", "") or header.kind] += 1
                        if isinstance(header, Data):
                            kinds["snapshot"] += header.is_snapshot
                        elif isinstance(header, Reply):
                            confirmed.update(header.subscriptions)
            assert numbers == list(range(len(numbers)))
            assert not kinds["unknown"] + kinds["malformed"]
            assert kinds["snapshot"] == (2 if plan is plans[1] else 0)
        assert confirmed == set(wanted)


async def test_a_lost_frame_leaves_a_gap_in_the_numbers() -> None:
    options = structs.replace(market(), faults=Faults(lose_every=20))
    async with running(options) as simulator:
        (plan,) = EXCHANGE.requests.plan([Subscription("level2", "BTC-USD")], simulator.websocket_url)
        numbers: list[int] = []
        async with connect(plan.url, max_size=None) as websocket, asyncio.timeout(20):
            for request in plan.requests:
                await websocket.send(request.text)
            while len(numbers) < 60:
                number = EXCHANGE.messages.classify(str(await websocket.recv()).encode()).sequence
                assert number is not None
                numbers.append(number)
        lost = [EXCHANGE.messages.classify(str(each.payload).encode()).sequence for each in simulator.lost]
        told = set(range(numbers[-1])) - set(numbers)
        assert sorted(told) == [number for number in lost if number is not None and number < numbers[-1]]
        assert len(told) >= 2


async def test_an_outage_is_filled_page_by_page_over_rest() -> None:
    """The market of ten minutes, asked for as if its trades had been missed: the latest come first."""
    async with running(market()) as simulator:
        simulated = simulator.market
        step = simulated.step_at(1_800_000_000 * 10**9)
        to_ns = simulated.time_of(step)
        from_ns = to_ns - 600 * 10**9
        first = simulated.order(0, simulated.last_order(0, simulated.step_at(from_ns)) + 1).first
        last = newest = simulated.order(0, simulated.last_order(0, step)).last
        requests = 0
        found: dict[int, Trade] = {}
        while first <= last:
            header, rows = backfilled(
                simulator, Missing("market_trades", "BTC-USD", first, last, from_ns, to_ns), step
            )
            assert header.ids is not None
            assert header.ids.last >= last
            for row in rows:
                assert isinstance(row, Trade)
                found[int(row.id)] = row
            last, to_ns = header.ids.first - 1, found[header.ids.first].timestamp or 0
            requests += 1
        assert set(range(first, newest + 1)) <= set(found)
        assert 10 < requests < 100
        for number in list(found)[:: len(found) // 50]:
            assert told(found[number])[:3] == traded(simulator, number)[:3]
