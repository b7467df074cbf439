"""ccxt on the simulated Bitfinex: it knows the exchange by its own reading, and so must agree with it.

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
from daedalus.exchanges.model import Data, Header, Heartbeat, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Faults, Simulator, SimulatorOptions, running
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

OPTIONS = SimulatorOptions(exchange="bitfinex", rate=800)
EXCHANGE = EXCHANGES["bitfinex"]
SYMBOLS = {"BTC/USD": 0, "BTC/USDT:USDT": 1}


@asynccontextmanager
async def ccxt_bitfinex(simulator: Simulator) -> AsyncIterator[Any]:
    client = ccxt.pro.bitfinex()
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"]["public"] = f"{simulator.websocket_url}/ws/2"
    try:
        yield client
    finally:
        await client.close()


def told(simulator: Simulator, place: int, trade: int) -> tuple[str, float, float, int]:
    """A trade as it must be told: side, price, amount, ms."""
    market, notation = simulator.market, Notation.short(simulator.market.instruments[place])
    order = market.order(place, market.order_of_fill(trade))
    fill = next(fill for fill in order.fills if fill.id == trade)
    price, amount = float(notation.price(order.price)), float(notation.amount(fill.amount))
    return "buy" if order.buy else "sell", price, amount, order.time_ns // 10**6


def recent_books(simulator: Simulator, place: int, depth: int, count: int) -> list[list[Any]]:
    """The book as it was after each of the newest diffs."""
    market, notation = simulator.market, Notation.short(simulator.market.instruments[place])
    update = market.update_at(place, simulator._feed.step)
    update -= update % market.diff_every
    return [
        [
            [(float(notation.price(price)), float(notation.amount(amount))) for price, amount in side]
            for side in market.books[place].levels(update - back * market.diff_every, depth)
        ]
        for back in range(count)
    ]


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_reads_the_trades(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_bitfinex(simulator) as client:
        assert set(await client.load_markets()) == set(SYMBOLS)
        seen: dict[int, Any] = {}
        while len(seen) < 80:
            for trade in await asyncio.wait_for(client.watch_trades(symbol), 20):
                seen[int(trade["id"])] = trade
        assert sorted(seen) == list(range(min(seen), min(seen) + len(seen)))
        for number, trade in seen.items():
            expected = told(simulator, SYMBOLS[symbol], number)
            assert (trade["side"], trade["price"], trade["amount"], trade["timestamp"]) == expected


async def test_ccxt_keeps_the_book_and_finds_its_checksums_right() -> None:
    async with running(OPTIONS) as simulator, ccxt_bitfinex(simulator) as client:
        whole = 0
        for _ in range(60):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD", 100), 20)
            sides = [[tuple(level[:2]) for level in book[side]] for side in ("bids", "asks")]
            whole += sides in recent_books(simulator, 0, 100, 6)
        assert whole > 3  # the others were read between the changes that belong together


async def test_ccxt_finds_a_lost_change_by_the_checksum() -> None:
    faulty = SimulatorOptions(exchange="bitfinex", rate=800, faults=Faults(lose_every=10))
    async with running(faulty) as simulator, ccxt_bitfinex(simulator) as client:
        with pytest.raises(ccxt.ChecksumError):
            await watch_book_for_ever(client)


async def watch_book_for_ever(client: Any) -> None:
    while True:
        await asyncio.wait_for(client.watch_order_book("BTC/USD", 100), 20)


async def test_ccxt_watches_quotes_and_fetches_trades_over_rest() -> None:
    async with running(OPTIONS) as simulator, ccxt_bitfinex(simulator) as client:
        ticker = await asyncio.wait_for(client.watch_ticker("BTC/USD"), 20)
        assert ticker["bid"] < ticker["ask"]
        trades = await client.fetch_trades("BTC/USD", limit=40)
        assert len(trades) == 40
        for trade in trades:
            expected = told(simulator, 0, int(trade["id"]))
            assert (trade["side"], trade["price"], trade["amount"], trade["timestamp"]) == expected


async def recorded(simulator: Simulator, count: int) -> list[bytes]:
    """What our own plan for all channels of the perpetual is answered with."""
    wanted = [
        Subscription(name, "tBTCF0:USTF0" if channel.per_symbol else "")
        for name, channel in EXCHANGE.channels.items()
    ]
    messages: list[bytes] = []
    (plan,) = EXCHANGE.plan(wanted, simulator.websocket_url)
    async with connect(plan.url, compression=None, max_queue=None) as socket:
        for request in plan.requests:
            await socket.send(request.text)
        while len(messages) < count:
            messages.append(await asyncio.wait_for(socket.recv(decode=False), 20))
    return messages


def read(messages: list[bytes]) -> list[tuple[Header, bytes]]:
    reader = EXCHANGE.reader()
    return [(reader(payload), payload) for payload in messages]


async def test_our_rows_are_the_market() -> None:
    async with running(OPTIONS) as simulator:
        found = read(await recorded(simulator, 3000))
    check, book = EXCHANGE.book_check("book", "tBTCF0:USTF0"), Book()
    assert check is not None
    sequence, right, rows, replies = 0, 0, [], set()
    for header, payload in found:
        assert isinstance(header, Data | Reply | Heartbeat)
        if isinstance(header, Reply):
            assert header.error is None
            replies.update(header.subscriptions)
        if header.sequence is not None:
            assert header.sequence == sequence + 1
            sequence = header.sequence
        if not isinstance(header, Data):
            continue
        assert EXCHANGE.classify_stored(header.channel, header.symbol, payload) == header
        for row in EXCHANGE.normalize(header, payload):
            rows.append(row)
            if isinstance(row, BookUpdate):
                book.apply(row)
        if header.channel == "book":
            verdict = check.apply(header, payload)
            assert verdict is not False
            if verdict:
                right += 1
                states = recent_books(simulator, 1, 250, 200) if right == 5 else None
                assert states is None or [list(side) for side in book.levels()] in states
    assert right > 5
    assert {each.channel for each in replies} == set(EXCHANGE.channels)
    assert_rows(simulator, rows)


def assert_rows(simulator: Simulator, rows: list[Row]) -> None:
    trades = {int(row.id): row for row in rows if isinstance(row, Trade)}
    assert len(trades) > 50
    assert sorted(trades) == list(range(min(trades), max(trades) + 1))
    for number, row in trades.items():
        assert row.timestamp is not None
        expected = told(simulator, 1, number)
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == expected
    quotes = [row for row in rows if isinstance(row, Quote)]
    assert quotes
    assert all((row.bid_price or 0) < (row.ask_price or 0) for row in quotes)
    assert any(isinstance(row, DerivativeTicker) and row.open_interest for row in rows)


@pytest.mark.parametrize("fault", [Faults(lose_every=50), Faults(lose_for_all_every=50)])
async def test_our_numbers_and_checksums_show_what_the_exchange_lost(fault: Faults) -> None:
    options = SimulatorOptions(exchange="bitfinex", rate=800, faults=fault, keep_sent=True)
    async with running(options) as simulator:
        found = read(await recorded(simulator, 2000))
        numbers = [header.sequence for header, _ in found if header.sequence is not None]
        lost = [read_number(each.payload) for each in simulator.lost]
    gaps = sorted(set(range(1, numbers[-1])) - set(numbers))
    assert gaps == [number for number in lost if number < numbers[-1]]
    assert gaps
    check = EXCHANGE.book_check("book", "tBTCF0:USTF0")
    assert check is not None
    books = [
        (header, payload)
        for header, payload in found
        if isinstance(header, Data) and header.channel == "book"
    ]
    assert False in [check.apply(*each) for each in books]


def read_number(payload: str | bytes) -> int:
    text = payload if isinstance(payload, bytes) else payload.encode()
    number = EXCHANGE.classify(text).sequence
    assert number is not None
    return number


def test_our_backfill_gives_the_missing_trades() -> None:
    simulator = Simulator(OPTIONS)
    step = simulator._feed.step
    market = simulator.market
    until = market.order(0, market.last_order(0, step) - 100)
    since = market.order(0, until.id - 300)
    missing = Missing("trades", "tBTCUSD", None, None, since.time_ns, until.time_ns)
    request = EXCHANGE.backfill_request(missing)
    assert request is not None
    body = simulator.protocol.rest(HttpRequest.parse(request.path), step, 10**18).body
    header = EXCHANGE.classify_backfill("trades", "tBTCUSD", body)
    rows = [row for row in EXCHANGE.normalize_backfill(header, body) if isinstance(row, Trade)]
    assert {int(row.id) for row in rows} >= set(range(since.first, until.last + 1))
    for row in rows:
        assert row.timestamp is not None
        expected = told(simulator, 0, int(row.id))
        assert (row.side, row.price, row.amount, row.timestamp // 10**6) == expected


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator = Simulator(OPTIONS)
    (request,) = EXCHANGE.instruments_requests()
    body = simulator.protocol.rest(HttpRequest.parse(request.path), 10**6, 10**18).body
    assert [(each.symbol, each.base, each.quote, each.type) for each in EXCHANGE.instruments(body)] == [
        ("tBTCUSD", "BTC", "USD", "spot"),
        ("tBTCF0:USTF0", "BTCF0", "USTF0", "perpetual"),
    ]
