"""Holes are filled by as few requests as it takes, and what became of each is written down."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges import VENUES
from daedalus.exchanges.base import Missing, RestRequest
from daedalus.ingest import backfill as backfill_module
from daedalus.ingest.backfill import Backfill, subtract
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
    records: list[RawRecord] = []
    rest = Rest(answer)
    backfill = Backfill(VENUE, rest, Journal("c-rest", records.append), Counters())  # type: ignore[arg-type]
    for first, last in holes:
        backfill.ask(Missing("trade", "BTCUSDT", first, last, 1, 2))
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


runs = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=5)


@given(runs, st.integers(0, 60), st.integers(0, 20))
def test_what_is_subtracted_is_gone_and_nothing_else(
    pieces: list[tuple[int, int]], first: int, more: int
) -> None:
    holes = [(begin, begin + length) for begin, length in pieces]
    ids = [number for begin, end in holes for number in range(begin, end + 1)]
    left = [number for begin, end in subtract(holes, first, first + more) for number in range(begin, end + 1)]
    assert left == [number for number in ids if not first <= number <= first + more]
