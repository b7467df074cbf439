"""ccxt and our own reading on the simulated Kraken: both see the same market."""

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

from daedalus.exchanges.continuity import Continuity
from daedalus.exchanges.kraken.book import KrakenBook
from daedalus.exchanges.kraken.exchange import KRAKEN
from daedalus.exchanges.model import Data, Missing, Reply, Subscription
from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.options import Faults
from daedalus.tables.rows import BookUpdate, Quote, Trade

pytestmark = pytest.mark.integration

EXCHANGE = KRAKEN


def kraken(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.kraken()
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"]["publicV2"] = f"{simulator.websocket_url}/v2"
    return closing(client)


def market() -> SimulatorOptions:
    return SimulatorOptions(exchange="kraken", rate=300, depth=100, keep_sent=True)


async def test_ccxt_and_we_read_the_trades() -> None:
    async with running(market()) as simulator, kraken(simulator) as client:
        markets = await client.load_markets()
        assert set(markets) == {"BTC/USD", "ETH/USD"}
        assert markets["BTC/USD"]["precision"]["price"] == 0.01
        seen = await watched(client, "BTC/USD", 60, params={"snapshot": True})
        numbers = sorted(seen)
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for number in numbers:
            assert ccxt_told(seen[number]) == traded(simulator, number)
        ours: list[Trade] = []
        continuity = Continuity(EXCHANGE.channels)
        for payload in sent(simulator, "trade"):
            header = EXCHANGE.messages.classify(payload)
            assert continuity.observe(header, 0).gap is None
            ours += [row for row in EXCHANGE.messages.normalize(header, payload) if isinstance(row, Trade)]
        assert {int(row.id) for row in ours} >= set(numbers)
        for row in ours:
            assert told(row) == traded(simulator, int(row.id))
            assert row.timestamp == order_of(simulator, int(row.id)).time_ns // 1000 * 1000


@pytest.mark.parametrize("depth", [10, 100])
async def test_ccxt_and_we_keep_the_book(depth: int) -> None:
    async with running(market()) as simulator, kraken(simulator) as client:
        times = set()
        for _ in range(30):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD", depth), 20)
            if book["timestamp"] is None:
                continue  # the snapshot
            update = last_diff(simulator, book["timestamp"] * 10**6 + 999_999)
            assert ccxt_sides(book) == levels_at(simulator, update, depth)
            times.add(book["timestamp"])
        assert len(times) > 20
        check = KrakenBook("BTC/USD", depth)
        bids: dict[float, float] = {}
        asks: dict[float, float] = {}
        answers = []
        for payload in sent(simulator, f"book-{depth}"):
            header = EXCHANGE.messages.classify(payload)
            answers.append(check.apply(header, payload))
            (row,) = EXCHANGE.messages.normalize(header, payload)
            assert isinstance(row, BookUpdate)
            assert row.timestamp is not None
            if row.is_snapshot:
                bids, asks = {}, {}
            for side, changes in ((bids, row.bids), (asks, row.asks)):
                side.update(changes)
                for price in [price for price, amount in side.items() if not amount]:
                    del side[price]
            for forgotten in (sorted(bids, reverse=True)[depth:], sorted(asks)[depth:]):
                for price in forgotten:
                    bids.pop(price, None)
                    asks.pop(price, None)
            if not row.is_snapshot:
                expected = levels_at(simulator, last_diff(simulator, row.timestamp + 999), depth)
                assert [sorted(bids.items(), reverse=True), sorted(asks.items())] == expected
        assert answers == [True] * len(answers)
        assert len(answers) > 20


async def test_ccxt_and_we_read_the_quotes() -> None:
    async with running(market()) as simulator, kraken(simulator) as client:
        for _ in range(10):
            quote = await asyncio.wait_for(client.watch_ticker("BTC/USD", {"event_trigger": "bbo"}), 20)
        assert quote["bid"] < quote["ask"]
        rows = [
            row
            for payload in sent(simulator, "ticker-bbo")
            for row in EXCHANGE.messages.normalize(EXCHANGE.messages.classify(payload), payload)
        ]
        assert len(rows) >= 10
        tops = [(row.bid_price, row.bid_amount) for row in rows if isinstance(row, Quote)]
        assert (quote["bid"], quote["bidVolume"]) in tops


async def test_ccxt_and_we_read_the_trades_over_rest() -> None:
    async with running(market()) as simulator, kraken(simulator) as client:
        trades = await client.fetch_trades("BTC/USD", limit=30)
        assert 28 <= len(trades) <= 30  # whole orders
        for each in trades:
            assert ccxt_told(each) == traded(simulator, int(each["id"]))
        book = await client.fetch_order_book("BTC/USD", 10)
        assert book["bids"][0][0] < book["asks"][0][0]


async def test_the_exchange_confirms_all_that_we_ask_for_and_sends_it_without_a_loss() -> None:
    wanted = [Subscription(channel, "BTC/USD") for channel in EXCHANGE.channels]
    async with running(market()) as simulator:
        (plan,) = EXCHANGE.requests.plan(wanted, simulator.websocket_url)
        confirmed: set[Subscription] = set()
        continuity = Continuity(EXCHANGE.channels)
        check = EXCHANGE.book_check("book", "BTC/USD")
        assert check is not None
        kinds: Counter[str] = Counter()
        async with connect(plan.url) as websocket:
            for request in plan.requests:
                await websocket.send(request.text)
            for text in EXCHANGE.requests.resubscribe(Subscription("book", "BTC/USD")):
                await websocket.send(text)
            async with asyncio.timeout(20):
                while kinds["book"] < 20 or kinds["trade"] < 20 or not kinds["heartbeat"]:
                    payload = str(await websocket.recv()).encode()
                    header = EXCHANGE.messages.classify(payload)
                    kinds[getattr(header, "channel", "") or header.kind] += 1
                    if isinstance(header, Data):
                        for each in (header, *header.more):
                            assert continuity.observe(each, 0).gap is None
                        if header.channel == "book":
                            assert check.apply(header, payload) is True
                            kinds["snapshot"] += header.is_snapshot
                    elif isinstance(header, Reply):
                        assert header.error is None
                        confirmed.update(header.subscriptions)
        assert confirmed == set(wanted)
        assert kinds["snapshot"] == 2
        assert not kinds["unknown"] + kinds["malformed"]


async def test_a_lost_message_is_told_by_a_checksum_and_asking_anew_makes_the_book_whole() -> None:
    options = structs.replace(market(), faults=Faults(lose_every=60))
    wanted = Subscription("book", "BTC/USD")
    async with running(options) as simulator:
        (plan,) = EXCHANGE.requests.plan([wanted], simulator.websocket_url)
        check = EXCHANGE.book_check(*structs.astuple(wanted))
        assert check is not None
        answers: list[bool | None] = []
        async with connect(plan.url) as websocket, asyncio.timeout(30):
            await websocket.send(plan.requests[0].text)
            while answers.count(False) < 2 or answers[-1] is not True:
                payload = str(await websocket.recv()).encode()
                header = EXCHANGE.messages.classify(payload)
                if not isinstance(header, Data) or header.channel != "book":
                    continue
                answers.append(check.apply(header, payload))
                if answers[-1] is False:
                    for text in EXCHANGE.requests.resubscribe(wanted):
                        await websocket.send(text)
        wrong = answers.index(False)
        assert 50 < wrong < 75
        assert True in answers[wrong:]


async def test_an_outage_is_filled_page_by_page_over_rest() -> None:
    """The market of ten minutes, asked for as if its trades had been missed."""
    async with running(market()) as simulator:
        simulated = simulator.market
        step = simulated.step_at(1_800_000_000 * 10**9)
        to_ns = simulated.time_of(step)
        from_ns = to_ns - 600 * 10**9
        first = simulated.order(0, simulated.last_order(0, simulated.step_at(from_ns)) + 1).first
        last = simulated.order(0, simulated.last_order(0, step)).last
        requests = 0
        found: dict[int, Trade] = {}
        while first <= last:
            header, rows = backfilled(
                simulator, Missing("trade", "BTC/USD", first, last, from_ns, to_ns), step
            )
            assert header.ids is not None
            assert header.ids.first <= first
            for row in rows:
                assert isinstance(row, Trade)
                found[int(row.id)] = row
            first, from_ns = header.ids.last + 1, found[header.ids.last].timestamp or 0
            requests += 1
        assert max(found) == last
        assert 10 < requests < 60
        for number in list(found)[:: len(found) // 50]:
            assert told(found[number])[:3] == traded(simulator, number)[:3]


def sent(simulator: Simulator, kind: str) -> list[bytes]:
    """The messages of one kind about the first market."""
    return payloads(
        simulator,
        lambda stream: stream.partition(":")[0] in (kind, f"quiet-{kind}") and stream.endswith("BTC/USD"),
    )
