"""What became of a gap is in the ledger: open, filled by what, or unfillable and why."""

from __future__ import annotations

import json
from typing import Any

from daedalus.store.raw import RawKind

A, B = "20260921T140640000000-0", "20260921T140640000000-1"


def told(result: Any) -> list[tuple[object, ...]]:
    names = ("from_id", "to_id", "missing", "remaining", "status", "note")
    return [tuple(gap[name] for name in names) for gap in result.tables.get("gaps", [])]


def backfill(tape: Any, at: float, numbers: list[int]) -> None:
    """The body of a REST answer with these trades."""
    body = [
        {"id": n, "price": "1.5", "qty": "2", "time": 1_790_000_000_000, "isBuyerMaker": True}
        for n in numbers
    ]
    tape.add(RawKind.BACKFILL, at, json.dumps(body).encode())


def verdict(tape: Any, at: float, status: str, note: str, first: int, last: int) -> None:
    tape.note(RawKind.GAP, at, status=status, note=note, first=first, last=last)


def test_a_gap_that_nobody_has_filled_yet_is_open(trades: Any, transformed: Any) -> None:
    assert told(transformed(trades([1, 5]))) == [(1, 5, 3, 3, "open", None)]


def test_a_gap_filled_in_the_same_segment_has_one_line_that_says_by_what(
    trades: Any, transformed: Any
) -> None:
    tape = trades([1, 5])
    backfill(tape, 3, [1, 2, 3, 4, 5])
    verdict(tape, 4, "filled", "GET /trades", 2, 4)
    result = transformed(tape)
    assert told(result) == [(1, 5, 3, 0, "filled", "GET /trades")]
    assert result.ids() == ["1", "2", "3", "4", "5"]
    assert [line["source"] for line in result.tables["trades"]] == ["stream", *["backfill"] * 3, "stream"]


def test_a_gap_filled_in_a_later_segment_has_a_second_line(trades: Any, transformed: Any) -> None:
    tape = trades([1, 5])
    backfill(tape, 3, [2, 3, 4])
    first, second = tape.split(2)
    before = transformed(first)
    after = transformed(second, before.carry)
    assert told(before) == [(1, 5, 3, 3, "open", None)]
    assert told(after) == [(1, 5, 3, 0, "filled", "came late")]
    assert after.tables["gaps"][0]["as_of"] > before.tables["gaps"][0]["as_of"]
    assert told(transformed(trades([6]), after.carry)) == []


def test_what_the_venue_does_not_have_any_more_is_said(trades: Any, transformed: Any) -> None:
    tape = trades([1, 5])
    backfill(tape, 3, [2])
    verdict(tape, 4, "unfillable", "the venue has no trade 3", 2, 4)
    assert told(transformed(tape)) == [(1, 5, 3, 2, "unfillable", "the venue has no trade 3")]


def test_a_claim_to_have_filled_a_gap_counts_for_nothing_against_the_ids(
    trades: Any, transformed: Any
) -> None:
    tape = trades([1, 5])
    verdict(tape, 4, "filled", "GET /trades", 2, 4)
    assert told(transformed(tape))[0][3:5] == (3, "open")


def test_updates_of_a_book_cannot_be_fetched_again(tape: Any, transformed: Any) -> None:
    book = tape("binance", "depth")
    book.depth(0, 1, 5)
    book.depth(1, 9, 10)
    ((_, _, missing, remaining, status, note),) = told(transformed(book))
    assert (missing, remaining, status) == (3, 3, "unfillable")
    assert "snapshot" in str(note)


def test_nor_can_quotes_whose_time_is_lost(tape: Any, transformed: Any) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start")
    quotes.ticker(1, 5)
    quotes.unsubscribed(2, "disconnect")
    quotes.subscribed(9, "disconnect", conn=B)
    ((_, _, missing, _, status, note),) = told(transformed(quotes))
    assert (missing, status) == (None, "unfillable")
    assert "no history" in str(note)


def test_with_two_connections_a_hole_that_stays_open_is_told_after_a_while(
    tape: Any, transformed: Any
) -> None:
    both = tape("binance", "trade")
    for conn in (A, B):
        both.subscribed(0, "start", conn=conn)
    for number in (1, 5, 6):
        for conn in (A, B):
            both.trade(number, number, conn=conn)
    waiting = transformed(both)
    assert told(waiting) == []
    both.trade(60, 7, conn=A)
    assert told(transformed(both)) == [(1, 5, 3, 3, "open", None)]


def test_of_an_answer_by_time_only_what_was_missed_becomes_rows(tape: Any, transformed: Any) -> None:
    def trade(at: int) -> dict[str, object]:
        return {"tid": str(at), "date": str(1_790_000_000 + at), "price": "1.5", "amount": "2", "type": "0"}

    stream = tape("bitstamp", "live_trades")
    stream.subscribed(0, "start")
    stream.unsubscribed(1000, "disconnect")
    stream.subscribed(1100, "disconnect", conn=B)
    hour = [trade(at) for at in range(0, 3000, 10)]
    stream.add(RawKind.BACKFILL, 1110, json.dumps(hour).encode())
    stream.add(RawKind.BACKFILL, 1120, json.dumps(hour).encode())
    stream.note(RawKind.GAP, 1121, status="filled", note="GET", from_ns=1, to_ns=2**62)
    result = transformed(stream)
    assert {int(str(number)) for number in result.ids()} == set(range(1000, 1101, 10))
    assert len(result.ids()) == 11
    assert [gap["status"] for gap in result.tables["gaps"]] == ["filled"]
