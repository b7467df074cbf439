"""Gaps are filled with as few requests as possible, and what became of each is written down."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Exchange, Missing, RestRequest
from daedalus.ingest.counters import Counters
from daedalus.ingest.gaps import backfill as backfill_module
from daedalus.ingest.gaps import queue as queue_module
from daedalus.ingest.gaps import requests as requests_module
from daedalus.ingest.gaps.backfill import Backfill
from daedalus.ingest.journal import Journal
from daedalus.ingest.rest.client import RestError
from daedalus.store.raw import RawRecord
from daedalus.worker.backoff import Backoff

EXCHANGE = EXCHANGES["binance"]
Answer = Callable[[RestRequest], bytes]


class Rest:
    """Answers by a function of the test's own."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def get(self, request: RestRequest) -> bytes:
        self.asked.append(request.path)
        await asyncio.sleep(0)
        return self.answer(request)


def trades(first: int, count: int, without: tuple[int, ...] = ()) -> bytes:
    return json.dumps(
        [
            {"id": n, "price": "1", "qty": "1", "time": 1_790_000_000_000, "isBuyerMaker": True}
            for n in range(first, first + count)
            if n not in without
        ]
    ).encode()


def asked_from(request: RestRequest) -> int:
    return int(request.path.partition("fromId=")[2].partition("&")[0])


async def outcome(answer: Answer, *gaps: tuple[int, int]) -> tuple[list[dict[str, object]], Rest]:
    missing = [Missing("trade", "BTCUSDT", first, last, 1, 2) for first, last in gaps]
    return await outcome_of(EXCHANGE, answer, missing)


def concerns(verdict: dict[str, Any], gap: Missing) -> bool:
    if gap.first is None or gap.last is None:
        return bool(verdict["from_ns"] <= gap.from_ns and gap.to_ns <= verdict["to_ns"])
    return bool(verdict["first"] <= gap.first and gap.last <= verdict["last"])


async def outcome_of(
    exchange: Exchange, answer: Answer, gaps: list[Missing], patience: float = 30
) -> tuple[list[dict[str, object]], Rest]:
    """What was written down of each gap, in order."""
    records: list[RawRecord] = []
    rest = Rest(answer)
    backfill = Backfill(exchange, rest, Journal("c-rest", records.append), Counters())  # type: ignore[arg-type]
    for missing in gaps:
        backfill.ask(missing)
    running = asyncio.create_task(backfill.run())

    def last_words() -> list[dict[str, object]]:
        said = [(row.symbol, json.loads(row.payload)) for row in reversed(records) if row.kind == "gap"]
        return [
            next((word for symbol, word in said if symbol == gap.symbol and concerns(word, gap)), {})
            for gap in gaps
        ]

    try:
        async with asyncio.timeout(patience):
            while not all(words := last_words()):
                await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    return words, rest


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_module, "DELAY_SECONDS", 0.0)
    monkeypatch.setattr(requests_module, "RETRY_SECONDS", 0.0)
    monkeypatch.setattr(backfill_module, "AGAIN_SECONDS", 0.0)
    monkeypatch.setattr(requests_module, "_patience", lambda: Backoff(base=0.001, cap=0.01))


async def test_a_long_gap_is_filled_answer_by_answer() -> None:
    verdicts, rest = await outcome(lambda request: trades(asked_from(request), 1000), (5, 2504))
    assert [verdict["status"] for verdict in verdicts] == ["filled"]
    assert len(rest.asked) == 3


async def test_many_small_gaps_of_a_stream_take_one_request() -> None:
    gaps = [(number, number) for number in range(7, 700, 7)]
    verdicts, rest = await outcome(lambda request: trades(asked_from(request), 1000), *gaps)
    assert {verdict["status"] for verdict in verdicts} == {"filled"}
    assert len(rest.asked) == 1


async def test_what_lies_between_two_gaps_is_not_asked_for() -> None:
    _, rest = await outcome(lambda request: trades(asked_from(request), 1000), (1, 10), (900_000, 900_010))
    assert len(rest.asked) == 2


async def test_ids_that_the_exchange_does_not_have_leave_their_gap_unfillable_and_no_other() -> None:
    verdicts, _ = await outcome(
        lambda request: trades(asked_from(request), 1000, without=(51,)), (5, 5), (50, 52), (70, 70)
    )
    assert [verdict["status"] for verdict in verdicts] == ["filled", "unfillable", "filled"]
    assert "1 of 3 ids are not in the exchange's answer" in str(verdicts[1]["note"])


async def test_what_an_answer_has_not_is_asked_for_a_second_time_before_it_is_final() -> None:
    verdicts, rest = await outcome(lambda _: b"[]", (5, 9))
    assert (verdicts[0]["status"], len(rest.asked)) == ("unfillable", 2)


async def test_a_history_that_lags_behind_is_waited_for() -> None:
    answers = [b"[]", trades(5, 5)]
    verdicts, rest = await outcome(lambda _: answers.pop(0), (5, 9))
    assert (verdicts[0]["status"], len(rest.asked)) == ("filled", 2)


async def test_a_refusal_of_the_exchange_is_told_in_its_words() -> None:
    def refuse(request: RestRequest) -> bytes:
        raise RestError(f"{request.path}: HTTP 400 Bad Request", passing=False)

    verdicts, _ = await outcome(refuse, (5, 9))
    assert verdicts[0]["status"] == "unfillable"
    assert "HTTP 400" in str(verdicts[0]["note"])


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"<html>maintenance</html>",
        b'{"code":-1000,"msg":"An unknown error occurred"}',
        b'[{"id": 5, "pri',
        b"null",
        RestError("http://x: the answer is cut off"),
        RestError("http://x: HTTP 503"),
        RestError("http://x: HTTP 429", 0.0),
    ],
)
async def test_an_answer_that_the_exchange_does_not_mean_is_asked_for_again(bad: bytes | RestError) -> None:
    bads = [bad, bad]

    def answer(request: RestRequest) -> bytes:
        if not bads:
            return trades(asked_from(request), 5)
        if isinstance(bad := bads.pop(), RestError):
            raise bad
        return bad

    verdicts, rest = await outcome(answer, (5, 9))
    assert verdicts[0]["status"] == "filled"
    assert len(rest.asked) == 3


async def test_what_is_never_a_list_of_trades_leaves_the_gap_open_and_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(requests_module, "GIVE_UP_ANSWERS_SECONDS", 0.0)
    verdicts, _ = await outcome(lambda _: b'{"code":-1,"msg":"down"}', (5, 9))
    assert verdicts[0]["status"] == "open"
    assert "down" in str(verdicts[0]["note"])


async def test_a_rest_that_is_away_for_good_leaves_the_gap_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests_module, "GIVE_UP_SECONDS", 0.0)

    def away(request: RestRequest) -> bytes:
        raise RestError("http://x: Connection refused")

    verdicts, _ = await outcome(away, (5, 9))
    assert verdicts[0]["status"] == "open"


async def test_one_stream_that_is_answered_badly_holds_up_no_other() -> None:
    def answer(request: RestRequest) -> bytes:
        return b"" if "BAD" in request.path else trades(asked_from(request), 1000)

    gaps = [Missing("trade", symbol, 5, 9, 1, 2) for symbol in ("BAD1", "BAD2", "BAD3", "GOOD")]
    records: list[RawRecord] = []
    rest = Rest(answer)
    backfill = Backfill(EXCHANGE, rest, Journal("c-rest", records.append), Counters())  # type: ignore[arg-type]
    for gap in gaps:
        backfill.ask(gap)
    running = asyncio.create_task(backfill.run())
    async with asyncio.timeout(20):
        while not [row for row in records if row.kind == "gap" and row.symbol == "GOOD"]:
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_storm_of_gaps_while_rest_is_away_holds_up_nothing_and_is_made_good(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "daedalus.ingest.gaps.backfill")
    away = True

    def answer(request: RestRequest) -> bytes:
        if away:
            raise RestError("http://x: Connection refused")
        return trades(asked_from(request), 1000)

    records: list[RawRecord] = []
    rest, counters = Rest(answer), Counters()
    backfill = Backfill(EXCHANGE, rest, Journal("c-rest", records.append), counters)  # type: ignore[arg-type]
    running = asyncio.create_task(backfill.run())
    longest, last = 0.0, time.monotonic()
    for number in range(1, 100_000, 2):
        backfill.ask(Missing("trade", "BTCUSDT", number, number, number, number + 1))
        if number % 1000 == 1:
            await asyncio.sleep(0)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
    assert len(backfill._waiting) <= queue_module.MAX_WAITING
    away = False
    done = time.monotonic() + 120
    found: set[int] = set()
    while len(found) < 50_000 and time.monotonic() < done:
        before = time.monotonic()
        await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - before)
        found = {
            number
            for row in records
            if row.kind == "gap" and (word := json.loads(row.payload))["status"] == "filled"
            for number in range(word["first"], word["last"] + 1, 2)
        }
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert found == set(range(1, 100_000, 2))
    assert len([path for path in rest.asked if path]) < 400
    assert longest < 2.0
    assert len([line for line in caplog.messages if "filled" in line]) == 1, "lines of one kind are folded"


SECOND = 10**9
BEGIN = 1_700_000_000


def kraken_trades(request: RestRequest) -> bytes:
    """Ten trades a second, ids 0 on from `BEGIN`: the 1000 after a time, oldest first."""
    since = int(request.path.partition("since=")[2].partition("&")[0])
    first = max(0, (since - BEGIN * SECOND) * 10 // SECOND + 1)
    rows = [["1", "1", BEGIN + n / 10, "b", "m", "", n] for n in range(first, first + 1000)]
    return json.dumps({"error": [], "result": {"BTC/USD": rows, "last": "0"}}).encode()


def coinbase_trades(request: RestRequest) -> bytes:
    """The newest 1000 of these trades within a span of seconds, newest first."""
    start, end = (
        int(request.path.partition(f"{name}=")[2].partition("&")[0]) - BEGIN for name in ("start", "end")
    )
    numbers = list(range(end * 10, max(start, 0) * 10 - 1, -1))[:1000]
    rows = [
        {
            "trade_id": str(n),
            "product_id": "BTC-USD",
            "price": "1",
            "size": "1",
            "side": "BUY",
            "time": f"{datetime.fromtimestamp(BEGIN + n // 10, UTC):%Y-%m-%dT%H:%M:%S}.{n % 10}Z",
        }
        for n in numbers
    ]
    return json.dumps({"trades": rows}).encode()


@pytest.mark.parametrize(
    ("exchange", "channel", "symbol", "answer"),
    [
        ("kraken", "trade", "BTC/USD", kraken_trades),
        ("coinbase", "market_trades", "BTC-USD", coinbase_trades),
    ],
)
@pytest.mark.parametrize("gaps", [[(5, 9)], [(100, 36_000)], [(7, 8), (20_000, 23_000), (50_000, 50_001)]])
async def test_exchanges_that_are_asked_by_time_are_asked_on_from_what_they_answered(
    exchange: str, channel: str, symbol: str, answer: Answer, gaps: list[tuple[int, int]]
) -> None:
    missing = [
        Missing(
            channel,
            symbol,
            first,
            last,
            BEGIN * SECOND + (first - 1) * SECOND // 10,
            BEGIN * SECOND + (last + 1) * SECOND // 10,
        )
        for first, last in gaps
    ]
    verdicts, rest = await outcome_of(EXCHANGES[exchange], answer, missing)
    assert {verdict["status"] for verdict in verdicts} == {"filled"}
    assert len(rest.asked) <= sum((last - first) // 900 + 1 for first, last in gaps)


async def test_what_is_asked_for_by_time_begins_before_the_last_that_came() -> None:
    asked_ns = []

    def answer(request: RestRequest) -> bytes:
        asked_ns.append(int(request.path.partition("timestamp=")[2].partition("&")[0]) * 1_000_000)
        return b"[]"

    missing = Missing("trade", "btcusd", None, None, BEGIN * SECOND, BEGIN * SECOND + 5 * SECOND)
    await outcome_of(EXCHANGES["gemini"], answer, [missing])
    assert asked_ns[0] <= (BEGIN - 1) * SECOND


EMPTY = {
    "bitfinex": ("trades", "tBTCUSD", b"[]"),
    "bitstamp": ("live_trades", "btcusd", b"[]"),
    "bybit": ("publicTrade", "BTCUSDT", b'{"retCode":0,"retMsg":"OK","result":{"list":[]}}'),
    "gemini": ("trade", "btcusd", b"[]"),
}


@pytest.mark.parametrize("exchange", EMPTY)
async def test_an_empty_list_fills_nothing(exchange: str) -> None:
    channel, symbol, body = EMPTY[exchange]
    missing = Missing(channel, symbol, None, None, BEGIN * SECOND, BEGIN * SECOND + 600 * SECOND)
    verdicts, rest = await outcome_of(EXCHANGES[exchange], lambda _: body, [missing])
    assert verdicts[0]["status"] == "unfillable"
    assert "the exchange's answer is empty" in str(verdicts[0]["note"])
    assert len(rest.asked) == 2


async def test_one_page_of_an_exchange_that_is_asked_by_time_fills_many_gaps() -> None:
    gaps = [
        Missing(
            "trade", "BTC/USD", n, n, BEGIN * SECOND + n * SECOND // 10, BEGIN * SECOND + n * SECOND // 10 + 1
        )
        for n in range(6, 36_000, 6)
    ]
    verdicts, rest = await outcome_of(EXCHANGES["kraken"], kraken_trades, gaps, patience=120)
    assert {verdict["status"] for verdict in verdicts} == {"filled"}
    assert len(rest.asked) < 60


async def test_what_waits_and_what_is_searched_for_is_pending_until_it_is_judged() -> None:
    away = True

    def answer(request: RestRequest) -> bytes:
        if away:
            raise RestError("http://x: Connection refused")
        return trades(asked_from(request), 1000)

    records: list[RawRecord] = []
    backfill = Backfill(EXCHANGE, Rest(answer), Journal("c-rest", records.append), Counters())  # type: ignore[arg-type]
    running = asyncio.create_task(backfill.run())
    first, second = Missing("trade", "A", 5, 9, 1, 2), Missing("trade", "A", 15, 19, 3, 4)
    backfill.ask(first)
    await asyncio.sleep(0.1)
    backfill.ask(second)
    assert backfill.pending() == [first, second]
    away = False
    async with asyncio.timeout(20):
        while backfill.pending():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert [json.loads(row.payload)["status"] for row in records if row.kind == "gap"] == ["filled"] * 2
