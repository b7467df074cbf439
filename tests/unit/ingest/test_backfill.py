"""Holes are filled by as few requests as it takes, and what became of each is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from daedalus.exchanges import VENUES
from daedalus.exchanges.base import Missing, RestRequest, Venue
from daedalus.ingest import backfill as backfill_module
from daedalus.ingest.backfill import Backfill
from daedalus.ingest.counters import Counters
from daedalus.ingest.journal import Journal
from daedalus.ingest.rest import RestError
from daedalus.store.raw import RawRecord

VENUE = VENUES["binance"]
Answer = Callable[[RestRequest], bytes]


class Rest:
    """Answers by a function of the test's own."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[str] = []

    async def get(self, request: RestRequest) -> bytes:
        self.asked.append(request.path)
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


async def outcome(answer: Answer, *holes: tuple[int, int]) -> tuple[list[dict[str, object]], Rest]:
    missing = [Missing("trade", "BTCUSDT", first, last, 1, 2) for first, last in holes]
    return await outcome_of(VENUE, answer, missing)


async def outcome_of(
    venue: Venue, answer: Answer, holes: list[Missing]
) -> tuple[list[dict[str, object]], Rest]:
    records: list[RawRecord] = []
    rest = Rest(answer)
    backfill = Backfill(venue, rest, Journal("c-rest", records.append), Counters())  # type: ignore[arg-type]
    for missing in holes:
        backfill.ask(missing)
    running = asyncio.create_task(backfill.run())
    try:
        async with asyncio.timeout(20):
            while len(verdicts := [json.loads(row.payload) for row in records if row.kind == "gap"]) < len(
                holes
            ):
                await asyncio.sleep(0.01)
    finally:
        running.cancel()
    return verdicts, rest


@pytest.fixture(autouse=True)
def no_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backfill_module, "DELAY_SECONDS", 0.0)


async def test_a_long_hole_is_filled_answer_by_answer() -> None:
    verdicts, rest = await outcome(lambda request: trades(asked_from(request), 1000), (5, 2504))
    assert [verdict["status"] for verdict in verdicts] == ["filled"]
    assert len(rest.asked) == 3


async def test_many_small_holes_of_a_stream_take_one_request() -> None:
    holes = [(number, number) for number in range(7, 700, 7)]
    verdicts, rest = await outcome(lambda request: trades(asked_from(request), 1000), *holes)
    assert {verdict["status"] for verdict in verdicts} == {"filled"}
    assert len(rest.asked) == 1


async def test_what_lies_between_two_holes_is_not_asked_for() -> None:
    _, rest = await outcome(lambda request: trades(asked_from(request), 1000), (1, 10), (900_000, 900_010))
    assert len(rest.asked) == 2


async def test_ids_that_the_venue_does_not_have_leave_their_hole_unfillable_and_no_other() -> None:
    verdicts, _ = await outcome(
        lambda request: trades(asked_from(request), 1000, without=(51,)), (5, 5), (50, 52), (70, 70)
    )
    assert [verdict["status"] for verdict in verdicts] == ["filled", "unfillable", "filled"]
    assert "1 ids are not in the venue's answer" in str(verdicts[1]["note"])


async def test_an_empty_answer_ends_the_search() -> None:
    verdicts, rest = await outcome(lambda _: b"[]", (5, 9))
    assert (verdicts[0]["status"], len(rest.asked)) == ("unfillable", 1)


async def test_a_refusal_of_the_venue_is_told_in_its_words() -> None:
    def refuse(request: RestRequest) -> bytes:
        raise RestError(f"{request.path}: HTTP 400 Bad Request", passing=False)

    verdicts, _ = await outcome(refuse, (5, 9))
    assert verdicts[0]["status"] == "unfillable"
    assert "HTTP 400" in str(verdicts[0]["note"])


async def test_what_is_no_list_of_trades_is_told() -> None:
    verdicts, _ = await outcome(lambda _: b'{"code":-1,"msg":"down"}', (5, 9))
    assert verdicts[0]["status"] == "unfillable"
    assert "down" in str(verdicts[0]["note"])


SECOND = 10**9
BEGIN = 1_700_000_000


def kraken_trades(request: RestRequest) -> bytes:
    """Ten trades a second, ids 0 on from `BEGIN`: the 1000 after a time, oldest first."""
    since = int(request.path.partition("since=")[2].partition("&")[0])
    first = max(0, (since - BEGIN * SECOND) * 10 // SECOND + 1)
    rows = [["1", "1", BEGIN + n / 10, "b", "m", "", n] for n in range(first, first + 1000)]
    return json.dumps({"error": [], "result": {"BTC/USD": rows, "last": "0"}}).encode()


def coinbase_trades(request: RestRequest) -> bytes:
    """The same, the newest 1000 of a span of seconds, newest first."""
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
    ("venue", "channel", "symbol", "answer"),
    [
        ("kraken", "trade", "BTC/USD", kraken_trades),
        ("coinbase", "market_trades", "BTC-USD", coinbase_trades),
    ],
)
@pytest.mark.parametrize("holes", [[(5, 9)], [(100, 36_000)], [(7, 8), (20_000, 23_000), (50_000, 50_001)]])
async def test_venues_that_are_asked_by_time_are_asked_on_from_what_they_answered(
    venue: str, channel: str, symbol: str, answer: Answer, holes: list[tuple[int, int]]
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
        for first, last in holes
    ]
    verdicts, rest = await outcome_of(VENUES[venue], answer, missing)
    assert {verdict["status"] for verdict in verdicts} == {"filled"}
    assert len(rest.asked) <= sum((last - first) // 900 + 1 for first, last in holes)


async def test_what_is_asked_for_by_time_begins_before_the_last_that_came() -> None:
    asked_ns = []

    def answer(request: RestRequest) -> bytes:
        asked_ns.append(int(request.path.partition("timestamp=")[2].partition("&")[0]) * 1_000_000)
        return b"[]"

    missing = Missing("trade", "btcusd", None, None, BEGIN * SECOND, BEGIN * SECOND + 5 * SECOND)
    verdicts, _ = await outcome_of(VENUES["gemini"], answer, [missing])
    assert [verdict["status"] for verdict in verdicts] == ["filled"]
    assert asked_ns[0] <= (BEGIN - 1) * SECOND
