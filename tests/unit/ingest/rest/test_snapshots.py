"""A book is asked for until there is one, whatever the exchange answers first."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import RestRequest
from daedalus.ingest.counters import Counters
from daedalus.ingest.rest import snapshots as snapshots_module
from daedalus.ingest.rest.client import RestError
from daedalus.ingest.rest.snapshots import Snapshots

GOOD = json.dumps({"lastUpdateId": 7, "bids": [["1", "2"]], "asks": []}).encode()


class Needs:
    """The books of a connection: what they were given, and what they were told meanwhile."""

    def __init__(self, conn: str = "c-0", oldest: int = 0) -> None:
        self.conn = conn
        self.over = False
        self.oldest = oldest
        self.got: list[tuple[str, int]] = []
        self.told: list[str] = []

    def record(self, channel: str, symbol: str, last: int, body: bytes) -> bool:
        self.got.append((symbol, last))
        return last >= self.oldest

    def failed(self, channel: str, symbol: str, reason: str) -> None:
        self.told.append(reason)


class Rest:
    def __init__(self, answer: Callable[[str, int], bytes]) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def get(self, request: RestRequest) -> bytes:
        symbol = request.path.partition("symbol=")[2].partition("&")[0]
        self.asked.append(symbol)
        await asyncio.sleep(0)
        return self.answer(symbol, self.asked.count(symbol))


async def fetched(
    answer: Callable[[str, int], bytes], needs: Needs, symbols: list[str], books: int
) -> tuple[Rest, Counters]:
    rest, counters = Rest(answer), Counters()
    snapshots = Snapshots(EXCHANGES["binance"], rest, counters)  # type: ignore[arg-type]
    for symbol in symbols:
        snapshots.ask(needs, "depth", symbol)
    running = asyncio.create_task(snapshots.run())
    try:
        async with asyncio.timeout(20):
            while len(needs.got) < books:
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    return rest, counters


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots_module, "ATTEMPT_SPACING_SECONDS", 0.01)


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"<html>maintenance</html>",
        b'{"code":-1000,"msg":"An unknown error occurred"}',
        b"[]",
        b"null",
        GOOD[:20],
        b'{"lastUpdateId": 7}',
        b'{"lastUpdateId": 7, "bids": null, "asks": []}',
    ],
)
async def test_an_answer_that_is_no_book_is_counted_told_and_asked_for_again(bad: bytes) -> None:
    needs = Needs()
    rest, counters = await fetched(lambda _, count: bad if count < 3 else GOOD, needs, ["BTCUSDT"], 1)
    assert rest.asked == ["BTCUSDT"] * 3
    assert needs.got == [("BTCUSDT", 7)]
    assert (counters.snapshots, counters.snapshot_failures) == (1, 2)
    assert len(needs.told) == 2
    assert all(reason.startswith("the exchange answers ") for reason in needs.told)


async def test_a_book_without_levels_is_a_book() -> None:
    needs = Needs()
    _, counters = await fetched(
        lambda *_: b'{"lastUpdateId": 3, "bids": [], "asks": []}', needs, ["BTCUSDT"], 1
    )
    assert (needs.got, counters.snapshot_failures) == ([("BTCUSDT", 3)], 0)


async def test_one_symbol_without_a_book_holds_up_no_other() -> None:
    needs = Needs()
    symbols = ["BAD", *(f"S{number}" for number in range(20))]
    rest, _ = await fetched(lambda symbol, _: b"" if symbol == "BAD" else GOOD, needs, symbols, 20)
    assert {symbol for symbol, _ in needs.got} == set(symbols) - {"BAD"}
    assert rest.asked.count("BAD") < 20


async def test_an_error_of_rest_is_counted_told_and_asked_again() -> None:
    def answer(symbol: str, count: int) -> bytes:
        if count == 1:
            raise RestError("http://x/depth: the answer is cut off")
        return GOOD

    needs = Needs()
    _, counters = await fetched(answer, needs, ["BTCUSDT"], 1)
    assert needs.told == ["http://x/depth: the answer is cut off"]
    assert counters.snapshot_failures == 1


async def test_a_book_older_than_the_stream_is_asked_for_again_ever_more_slowly() -> None:
    def answer(symbol: str, count: int) -> bytes:
        return json.dumps({"lastUpdateId": count, "bids": [], "asks": []}).encode()

    needs = Needs(oldest=4)
    _, counters = await fetched(answer, needs, ["BTCUSDT"], 4)
    assert [last for _, last in needs.got] == [1, 2, 3, 4]
    assert counters.snapshot_failures == 0


async def test_nothing_is_fetched_for_a_session_that_is_over() -> None:
    gone, here = Needs("c-0"), Needs("c-1")
    rest, counters = Rest(lambda *_: GOOD), Counters()
    snapshots = Snapshots(EXCHANGES["binance"], rest, counters)  # type: ignore[arg-type]
    snapshots.ask(gone, "depth", "A")
    snapshots.ask(here, "depth", "B")
    gone.over = True
    running = asyncio.create_task(snapshots.run())
    async with asyncio.timeout(20):
        while not here.got:
            await asyncio.sleep(0.01)
    running.cancel()
    assert rest.asked == ["B"]
