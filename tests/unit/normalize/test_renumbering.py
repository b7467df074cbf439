"""An id that comes again with another time, price or amount is another trade."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from daedalus.normalize.checkpoint import Checkpoint

A, B = "20260921T140640000000-0", "20260921T140640000000-1"
BEGIN_MS = 1_790_000_000_000


def say(tape: Any, at: float, number: int, price: str = "1.5", amount: str = "2", conn: str = A) -> None:
    when = BEGIN_MS + int(at * 1000)
    data = {"e": "trade", "E": when, "s": "A", "t": number, "p": price, "q": amount, "T": when, "m": True}
    tape.message(at, json.dumps({"stream": "a@trade", "data": data}).encode(), conn)


def told(result: Any) -> list[tuple[object, ...]]:
    return [(gap["from_id"], gap["status"], gap["note"]) for gap in result.tables.get("gaps", [])]


ANEW = "the exchange's numbers started anew"


@pytest.mark.parametrize("pause", [1.5, 20, 300])
@pytest.mark.parametrize("first", [1, 60, 100])
def test_numbers_that_begin_anew_cost_no_trade_and_leave_a_gap(
    tape: Any, transformed: Any, first: int, pause: float
) -> None:
    stream = tape("binance", "trade")
    for at in range(10):
        say(stream, at / 10, 100 + at)
    for at in range(120):
        say(stream, 1 + pause + at / 10, first + at, price="2.5")
    result = transformed(stream)
    assert result.counts.rows == 130
    assert result.counts.duplicates == 0
    assert [line[1:] for line in told(result)] == [("unfillable", ANEW)]


@pytest.mark.parametrize("change", [{"price": "1.6"}, {"amount": "3"}, {"at": 9.05}])
def test_the_same_id_with_another_content_or_time_is_no_duplicate(
    tape: Any, transformed: Any, change: dict[str, Any]
) -> None:
    stream = tape("binance", "trade")
    for number in range(1, 10):
        say(stream, number, number)
    say(stream, **({"at": 9, "number": 9} | change))
    say(stream, 9.1, 10)
    result = transformed(stream)
    assert result.counts.rows == 11
    assert len(told(result)) == 1


def test_the_same_trade_again_is_a_duplicate_whenever_it_comes(trades: Any, transformed: Any) -> None:
    result = transformed(trades([*range(1, 200), 3, 150, 199, 1, *range(100, 201)]))
    assert (result.counts.rows, told(result)) == (200, [])


@pytest.mark.parametrize("cut", range(20))
def test_wherever_a_segment_ends_the_new_count_is_seen(tape: Any, transformed: Any, cut: int) -> None:
    stream = tape("binance", "trade")
    for at in range(10):
        say(stream, at / 10, 100 + at)
    for at in range(10):
        say(stream, 1.05 + at / 10, 100 + at, price="2.5")
    first, second = stream.split(cut)
    before = transformed(first)
    after = transformed(second, msgspec.json.decode(msgspec.json.encode(before.checkpoint), type=Checkpoint))
    assert before.counts.rows + after.counts.rows == 20
    assert len(told(before) + told(after)) == 1


def test_with_two_connections_it_is_told_all_the_same(tape: Any, transformed: Any) -> None:
    stream = tape("binance", "trade")
    for conn in (A, B):
        stream.subscribed(0, "start", conn=conn)
    for at in range(5):
        for conn in (A, B):
            say(stream, at, 100 + at, conn=conn)
    for at in range(5):
        for conn in (A, B):
            say(stream, 5 + at, 100 + at, price="2.5", conn=conn)
    result = transformed(stream)
    assert (result.counts.rows, result.counts.duplicates) == (10, 10)
    assert told(result) == [(104, "unfillable", ANEW)]


def test_a_late_trade_that_fills_a_gap_is_no_new_count(tape: Any, transformed: Any) -> None:
    stream = tape("binance", "trade")
    for at, number in [(1, 1), (2, 5), (9, 3), (10, 6)]:
        say(stream, at, number)
    result = transformed(stream)
    assert result.ids() == ["1", "3", "5", "6"]
    assert ANEW not in str(told(result))


def test_where_ids_have_no_order_the_same_id_with_another_price_is_news_too(
    tape: Any, transformed: Any
) -> None:
    stream = tape("bitstamp", "live_trades")
    stream.subscribed(0, "start")
    for at, price in [(1, 1.5), (1, 1.5), (1, 1.6)]:
        data = {
            "id": 7,
            "id_str": "7",
            "timestamp": str(1_790_000_000 + at),
            "microtimestamp": str((1_790_000_000 + at) * 1_000_000),
            "amount": 2,
            "amount_str": "2",
            "price": price,
            "price_str": str(price),
            "type": 0,
            "buy_order_id": 1,
            "sell_order_id": 2,
        }
        text = {"event": "trade", "channel": "live_trades_btcusd", "data": data}
        stream.message(at, json.dumps(text).encode())
    assert [line["price"] for line in transformed(stream).tables["trades"]] == [1.5, 1.6]
