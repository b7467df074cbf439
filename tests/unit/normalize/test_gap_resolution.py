"""The ledger says what became of a gap: open, filled by what, or unfillable and why."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daedalus.exchanges import stream_state
from daedalus.normalize import gap_resolution
from daedalus.normalize.rounds import normalize_ready
from daedalus.store.layout import READY, Layout
from daedalus.store.raw import RawKind

_BEGIN = 1_790_000_000 * 10**9
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
    after = transformed(second, before.checkpoint)
    assert told(before) == [(1, 5, 3, 3, "open", None)]
    assert told(after) == [(1, 5, 3, 0, "filled", "came late")]
    assert after.tables["gaps"][0]["as_of"] > before.tables["gaps"][0]["as_of"]
    assert told(transformed(trades([6]), after.checkpoint)) == []


def test_what_the_exchange_does_not_have_any_more_is_said(trades: Any, transformed: Any) -> None:
    tape = trades([1, 5])
    backfill(tape, 3, [2])
    verdict(tape, 4, "unfillable", "the exchange has no trade 3", 2, 4)
    assert told(transformed(tape)) == [(1, 5, 3, 2, "unfillable", "the exchange has no trade 3")]


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


def test_with_two_connections_a_gap_that_stays_open_is_told_after_a_while(
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


def test_what_the_last_connection_received_before_the_other_ended_may_be_written_after_its_end(
    tape: Any, transformed: Any
) -> None:
    both = tape("binance", "trade")
    for conn in (A, B):
        both.subscribed(0, "start", conn=conn)
    for conn in (A, B):
        both.trade(1, 1, conn=conn)
    both.trade(5.02, 4, conn=B)
    both.unsubscribed(5.1, "disconnect", conn=B)
    complete, short = both.split(len(both.rows))[0], both
    for number in (2, 3):
        complete.trade(5.01, number, conn=A)
    complete.trade(7, 5, conn=A)
    assert told(transformed(complete)) == []
    short.trade(6.5, 5, conn=A)
    assert told(transformed(short)) == [(1, 4, 2, 2, "open", None)]


def test_nothing_waits_for_a_connection_once_all_have_ended(tape: Any, transformed: Any) -> None:
    both = tape("binance", "trade")
    for conn in (A, B):
        both.subscribed(0, "start", conn=conn)
    for at, number, conn in [(1, 1, A), (1, 1, B), (5, 4, B)]:
        both.trade(at, number, conn=conn)
    for conn in (B, A):
        both.unsubscribed(5.1, "restart", conn=conn)
    assert told(transformed(both)) == [(1, 4, 2, 2, "open", None)]


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


@pytest.mark.parametrize("bound", [10_000, 20])
def test_however_many_gaps_there_are_each_is_told_and_what_is_fetched_is_kept(
    trades: Any, transformed: Any, monkeypatch: pytest.MonkeyPatch, bound: int
) -> None:
    monkeypatch.setattr(stream_state, "MAX_GAPS", bound)
    monkeypatch.setattr(stream_state, "_JOINED", bound // 10)
    monkeypatch.setattr(gap_resolution, "MAX_OPEN", bound)
    kept = [number for number in range(3_001) if number % 6]
    tape = trades(kept)
    before = transformed(tape)
    assert {gap[4] for gap in told(before)} == {"open"}
    assert sum(gap[2] for gap in told(before)) == 499

    empty, fetched = tape.split(len(tape.rows))[1], [number for number in range(3_000) if number % 6 == 0]
    backfill(empty, 4_000, fetched[1:])
    after = transformed(empty, before.checkpoint)
    assert [int(str(number)) for number in after.ids()] == fetched[1:]
    if bound > 499:  # beyond it the ledger goes on to say open
        assert {(gap[3], gap[4]) for gap in told(after)} == {(0, "filled")}
        assert len(told(after)) == 499
    assert not [gap for gap in told(after) if gap[4] == "filled" and gap[0] + 1 not in fetched]


def test_a_verdict_costs_the_same_however_many_gaps_are_open(trades: Any, transformed: Any) -> None:
    tape = trades(number for number in range(36_000) if number % 6)
    for number in range(6, 35_999, 6):
        verdict(tape, 40_000, "unfillable", "the exchange does not have it", number, number)
    lines = told(transformed(tape))
    assert {line[4] for line in lines} == {"unfillable"}
    assert len(lines) == 5_999


def test_one_word_for_many_gaps_takes_none_back_of_a_single_one(trades: Any, transformed: Any) -> None:
    tape = trades([1, 3, 5, 7])
    backfill(tape, 5, [2, 6])
    verdict(tape, 6, "unfillable", "the exchange has no trade 4", 4, 4)
    verdict(tape, 7, "filled", "GET /trades", 2, 6)
    assert [line[3:] for line in told(transformed(tape))] == [
        (0, "filled", "GET /trades"),
        (1, "unfillable", "the exchange has no trade 4"),
        (0, "filled", "GET /trades"),
    ]


def test_a_gap_of_numbers_that_start_anew_is_never_called_filled(tape: Any, transformed: Any) -> None:
    counted = tape("binance", "trade")
    for at, number in [(0, 100), (1, 105), (100, 1), (101, 2)]:
        counted.trade(at, number)
    first, second = counted.split(2)
    before = transformed(first)
    lines = told(transformed(second, before.checkpoint))
    assert (100, 105, 4, 4, "unfillable", "the exchange's numbers started anew") in lines
    assert not [line for line in lines if line[4] == "filled"]


def test_a_gap_that_waits_for_another_connection_has_its_line_though_the_numbers_start_anew(
    tape: Any, transformed: Any
) -> None:
    both = tape("binance", "trade")
    for conn in (A, B):
        both.subscribed(0, "start", conn=conn)
    for at, number, conn in [(1, 100, A), (1, 100, B), (2, 110, A), (3, 104, B), (6, 1, A), (7, 1, B)]:
        both.trade(at, number, conn=conn)
    started_anew = (110, 1, None, None, "unfillable", "the exchange's numbers started anew")
    expected = [
        (100, 104, 3, 3, "unfillable", "the exchange's numbers started anew"),
        (104, 110, 5, 5, "unfillable", "the exchange's numbers started anew"),
        started_anew,
    ]
    assert sorted(told(transformed(both)), key=str) == sorted(expected, key=str)
    for cut in range(len(both.rows)):
        first, second = both.split(cut)
        before = transformed(first)
        lines = told(before) + told(transformed(second, before.checkpoint))
        assert sorted(lines, key=str) == sorted(expected, key=str)


def test_nor_does_a_book_lose_the_line_of_a_gap_that_waits(tape: Any, transformed: Any) -> None:
    book = tape("binance", "depth")
    for conn in (A, B):
        book.subscribed(0, "start", conn=conn)
    for at, first, last in [(1, 101, 105), (2, 109, 110), (3, 1, 2), (30, 3, 4)]:
        book.depth(at, first, last)
    lines = [line[:5] for line in told(transformed(book))]
    assert sorted(lines) == [(105, 109, 3, 3, "unfillable"), (110, 1, None, None, "unfillable")]


def test_what_is_fetched_without_any_memory_of_what_came_before_is_kept(tape: Any, transformed: Any) -> None:
    alone = tape("binance", "trade")
    backfill(alone, 0, [1, 2, 3])
    alone.trade(1, 4)
    assert transformed(alone).ids() == ["1", "2", "3", "4"]


def test_an_open_gap_outlives_a_damaged_file(trades: Any, transformed: Any, layout: Layout) -> None:
    trades([1, 5]).seal(layout, 1)
    damaged = layout.raw(READY) / trades([6]).seal(layout, 2).sealed_path
    damaged.write_bytes(b"no Parquet")
    fetched = trades([])
    backfill(fetched, 9, [2, 3, 4])
    fetched.seal(layout, 3)
    normalize_ready(layout)
    gaps = pa.concat_tables(
        pq.read_table(path) for path in sorted(layout.tables(READY).rglob("gaps/**/*.parquet"))
    )
    last = gaps.sort_by("as_of").to_pylist()[-1]
    assert (last["from_id"], last["to_id"], last["status"], last["remaining"]) == (1, 5, "filled", 0)


def test_a_book_without_its_snapshot_is_one_line_however_often_it_was_told(
    tape: Any, transformed: Any
) -> None:
    depths = tape("binance", "depth")
    depths.subscribed(0, "start")
    depths.depth(1, 1, 1)
    for at in (11, 15, 40):
        depths.note(RawKind.NO_BOOK, at, since_ns=_BEGIN, reason="the exchange answers <html>")
    depths.snapshot(40.001, 1)
    depths.depth(41, 2, 2)
    result = transformed(depths)
    assert result.gaps() == [(0, 40, None, None, 0, "snapshot")]
    assert told(result) == [(None, None, 0, 0, "unfillable", "no book: the exchange answers <html>")]


def test_a_book_that_still_waits_has_a_later_line_of_the_same_beginning(tape: Any, transformed: Any) -> None:
    depths = tape("binance", "depth")
    for at in (11, 40):
        depths.note(RawKind.NO_BOOK, at, since_ns=_BEGIN, reason="cut off")
    first, second = depths.split(1)
    before = transformed(first)
    assert before.gaps() == [(0, 11, None, None, 0, "snapshot")]
    assert transformed(second, before.checkpoint).gaps() == [(0, 40, None, None, 0, "snapshot")]
