"""ccxt on the simulated Bitfinex: a second reading of the exchange, which must agree with the market.

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
    recorded,
    told,
    traded,
    watched,
)

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Header, Heartbeat, Missing, Reply, Subscription
from daedalus.exchanges.orderbook import Book
from daedalus.simulator import Faults, Simulator, SimulatorOptions, running
from daedalus.tables.rows import BookUpdate, DerivativeTicker, Quote, Row, Trade

pytestmark = pytest.mark.integration

OPTIONS = SimulatorOptions(exchange="bitfinex", rate=800)
EXCHANGE = EXCHANGES["bitfinex"]
SYMBOLS = {"BTC/USD": 0, "BTC/USDT:USDT": 1}
WANTED = [
    Subscription(name, "tBTCF0:USTF0" if channel.per_symbol else "")
    for name, channel in EXCHANGE.channels.items()
]


def ccxt_bitfinex(simulator: Simulator) -> AbstractAsyncContextManager[Any]:
    client = ccxt.pro.bitfinex()
    client.urls["api"]["public"] = simulator.rest_url
    client.urls["api"]["ws"]["public"] = f"{simulator.websocket_url}/ws/2"
    return closing(client)


def recent_books(simulator: Simulator, place: int, depth: int, count: int) -> list[list[Any]]:
    """The book as it was after each of the newest diffs."""
    market = simulator.market
    update = market.update_at(place, simulator._feed.step)
    update -= update % market.diff_every
    return [levels_at(simulator, update - back * market.diff_every, depth, place) for back in range(count)]


@pytest.mark.parametrize("symbol", SYMBOLS)
async def test_ccxt_reads_the_trades(symbol: str) -> None:
    async with running(OPTIONS) as simulator, ccxt_bitfinex(simulator) as client:
        assert set(await client.load_markets()) == set(SYMBOLS)
        seen = await watched(client, symbol, 80)
        assert sorted(seen) == list(range(min(seen), min(seen) + len(seen)))
        for number, trade in seen.items():
            assert ccxt_told(trade) == traded(simulator, number, SYMBOLS[symbol])


async def test_ccxt_keeps_the_book_and_finds_its_checksums_right() -> None:
    async with running(OPTIONS) as simulator, ccxt_bitfinex(simulator) as client:
        whole = 0
        for _ in range(60):
            book = await asyncio.wait_for(client.watch_order_book("BTC/USD", 100), 20)
            whole += ccxt_sides(book) in recent_books(simulator, 0, 100, 6)
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
            assert ccxt_told(trade) == traded(simulator, int(trade["id"]))


def read(messages: list[bytes]) -> list[tuple[Header, bytes]]:
    reader = EXCHANGE.messages.reader()
    return [(reader(payload), payload) for payload in messages]


async def test_our_rows_are_the_market() -> None:
    async with running(OPTIONS) as simulator:
        found = read(await recorded(simulator, WANTED, 3000))
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
        assert EXCHANGE.messages.classify_stored(header.channel, header.symbol, payload) == header
        for row in EXCHANGE.messages.normalize(header, payload):
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
        assert told(row) == traded(simulator, number, 1)
    quotes = [row for row in rows if isinstance(row, Quote)]
    assert quotes
    assert all((row.bid_price or 0) < (row.ask_price or 0) for row in quotes)
    assert any(isinstance(row, DerivativeTicker) and row.open_interest for row in rows)


@pytest.mark.parametrize("fault", [Faults(lose_every=50), Faults(lose_for_all_every=50)])
async def test_our_numbers_and_checksums_show_what_the_exchange_lost(fault: Faults) -> None:
    options = SimulatorOptions(exchange="bitfinex", rate=800, faults=fault, keep_sent=True)
    async with running(options) as simulator:
        found = read(await recorded(simulator, WANTED, 2000))
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
    number = EXCHANGE.messages.classify(text).sequence
    assert number is not None
    return number


def test_our_backfill_gives_the_missing_trades() -> None:
    simulator = Simulator(OPTIONS)
    step = simulator._feed.step
    market = simulator.market
    until = market.order(0, market.last_order(0, step) - 100)
    since = market.order(0, until.id - 300)
    missing = Missing("trades", "tBTCUSD", None, None, since.time_ns, until.time_ns)
    rows = [row for row in backfilled(simulator, missing, step)[1] if isinstance(row, Trade)]
    assert {int(row.id) for row in rows} >= set(range(since.first, until.last + 1))
    for row in rows:
        assert told(row) == traded(simulator, int(row.id))
