from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daedalus.normalize.checkpoint import Checkpoint
from daedalus.store.raw import RawKind
from daedalus.tables.registry import TABLES

BEGIN, SECOND = 1_790_000_000, 1_000_000_000
MIDNIGHT = 86_400 - BEGIN % 86_400  # seconds after the beginning of a tape
A, B, C = "20260921T140640000000-0", "20260921T140640000000-1", "20260921T150000000000-0"


@pytest.mark.parametrize("removed", [range(3, 4), range(2, 9), range(1, 2)])
def test_removed_trades_are_exactly_the_gap(trades: Any, transformed: Any, removed: range) -> None:
    kept = [number for number in range(20) if number not in removed]
    result = transformed(trades(kept))
    begin, end = removed.start - 1, removed.start  # seconds: the kept ones came one per second
    assert result.gaps() == [(begin, end, removed.start - 1, removed.stop, len(removed), "exchange")]
    assert result.ids() == [str(number) for number in kept]


def test_duplicates_within_a_segment_go_once(trades: Any, transformed: Any) -> None:
    result = transformed(trades([1, 2, 2, 3, 1, 4]))
    assert result.ids() == ["1", "2", "3", "4"]
    assert (result.counts.duplicates, result.counts.messages, result.counts.rows) == (2, 6, 4)


@pytest.mark.parametrize("cut", range(8))
def test_wherever_a_segment_ends_the_rows_and_gaps_are_the_same(
    trades: Any, transformed: Any, cut: int
) -> None:
    tape = trades([1, 2, 5, 2, 5, 6, 9, 7])
    whole = transformed(tape)
    first, second = tape.split(cut)
    before = transformed(first)
    after = transformed(second, msgspec.json.decode(msgspec.json.encode(before.checkpoint), type=Checkpoint))
    assert sorted(before.ids() + after.ids()) == sorted(whole.ids()) == ["1", "2", "5", "6", "7", "9"]
    assert before.gaps() + after.gaps() == whole.gaps()
    assert after.checkpoint == whole.checkpoint


def test_doing_a_segment_again_from_the_same_carry_gives_the_same(trades: Any, transformed: Any) -> None:
    checkpoint = transformed(trades([1, 2])).checkpoint
    once, again = (transformed(trades([2, 3, 7]), checkpoint) for _ in range(2))
    assert (once.tables, once.checkpoint) == (again.tables, again.checkpoint)


def test_rows_are_ordered_by_symbol_then_id(tape: Any, transformed: Any) -> None:
    mixed = tape("binance", "trade")
    for at, (symbol, number) in enumerate([("B", 7), ("A", 3), ("B", 9), ("A", 5), ("A", 4), ("B", 8)]):
        mixed.trade(at, number, symbol)
    lines = transformed(mixed).tables["trades"]
    assert [(line["symbol"], line["id"]) for line in lines] == [
        ("A", "3"), ("A", "4"), ("A", "5"), ("B", "7"), ("B", "8"), ("B", "9")
    ]  # fmt: skip


def test_a_snapshot_stands_before_the_updates_that_follow_it(tape: Any, transformed: Any) -> None:
    book = tape("binance", "depth")
    book.depth(0, 1, 5)
    book.depth(1, 6, 10)
    book.depth(2, 11, 15)
    book.snapshot(3, 10)
    lines = transformed(book).tables["book_updates"]
    assert [(line["last_id"], line["is_snapshot"]) for line in lines if line["side"] == "bid"] == [
        (5, False), (10, False), (10, True), (15, False)
    ]  # fmt: skip


def test_a_new_count_of_the_exchange_is_a_gap_of_unknown_size_and_later_rows_are_kept_in_order(
    tape: Any, transformed: Any
) -> None:
    counted = tape("binance", "trade")
    for at, number in [(0, 900), (1, 901), (100, 1), (101, 2), (102, 2)]:
        counted.trade(at, number)
    result = transformed(counted)
    assert result.ids() == ["900", "901", "1", "2"]
    assert result.gaps() == [(1, 100, 901, 1, None, "exchange")]


def test_an_outage_without_a_gap_in_the_ids_is_no_gap(tape: Any, transformed: Any) -> None:
    outage = tape("binance", "trade")
    outage.subscribed(0, "start")
    outage.trade(1, 1)
    outage.unsubscribed(2, "disconnect")
    outage.subscribed(5, "disconnect", conn=B)
    outage.trade(6, 2, conn=B)
    assert transformed(outage).gaps() == []


def test_a_gap_over_an_outage_has_the_outages_cause(tape: Any, transformed: Any) -> None:
    outage = tape("binance", "trade")
    outage.subscribed(0, "start")
    outage.trade(1, 1)
    outage.subscribed(5, "crash", conn=C)
    outage.trade(6, 4, conn=C)
    outage.trade(7, 9, conn=C)
    assert transformed(outage).gaps() == [(1, 6, 1, 4, 2, "crash"), (6, 7, 4, 9, 4, "exchange")]


def test_the_first_start_is_no_gap(tape: Any, transformed: Any) -> None:
    first = tape("binance", "trade")
    first.subscribed(0, "start")
    first.trade(1, 50)
    assert transformed(first).gaps() == []


def test_a_gap_that_the_overlapping_connection_fills_is_no_gap(tape: Any, transformed: Any) -> None:
    overlap = tape("binance", "trade")
    overlap.subscribed(0, "start", conn=A)
    overlap.trade(1, 10, conn=A)
    overlap.subscribed(2, "replaced", conn=B)
    overlap.trade(3, 12, conn=B)  # the new one is ahead
    overlap.trade(4, 11, conn=A)
    overlap.trade(5, 12, conn=A)
    overlap.trade(6, 15, conn=B)
    overlap.trade(7, 14, conn=A)
    overlap.unsubscribed(8, "replaced", conn=A)
    result = transformed(overlap)
    assert result.ids() == ["10", "11", "12", "14", "15"]
    assert result.gaps() == [(5 - 2, 6, 12, 14, 1, "exchange")]
    for cut in range(len(overlap.rows)):
        first, second = overlap.split(cut)
        before = transformed(first)
        assert before.gaps() + transformed(second, before.checkpoint).gaps() == result.gaps()


def test_without_ids_the_time_not_connected_is_the_gap(tape: Any, transformed: Any) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start")
    quotes.ticker(1, 100)
    quotes.unsubscribed(3, "disconnect")
    quotes.subscribed(10, "disconnect", conn=B)
    quotes.ticker(12, 200, conn=B)
    quotes.subscribed(40, "power", conn=C, since=20)
    assert transformed(quotes).gaps() == [
        (3, 10, None, None, None, "disconnect"),
        (20, 40, None, None, None, "power"),
    ]


def test_without_ids_a_silent_connection_counts_from_when_it_was_last_heard(
    tape: Any, transformed: Any
) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start")
    quotes.ticker(1, 100)
    heard_ns = quotes.rows[-1].recv_ns + 4_000_000_000
    quotes.unsubscribed(60, "silence", heard_ns=heard_ns)
    quotes.subscribed(61, "silence", conn=B)
    assert transformed(quotes).gaps() == [(5, 61, None, None, None, "silence")]


def test_without_ids_a_crash_counts_from_the_last_row_that_is_there(tape: Any, transformed: Any) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start")
    quotes.ticker(7, 100)
    quotes.subscribed(9, "crash", conn=C, since=5)
    assert transformed(quotes).gaps() == [(7, 9, None, None, None, "crash")]


def test_without_ids_an_overlap_is_no_gap(tape: Any, transformed: Any) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start", conn=A)
    quotes.subscribed(5, "replaced", conn=B)
    quotes.unsubscribed(6, "replaced", conn=A)
    assert transformed(quotes).gaps() == []


def test_a_channel_that_is_kept_raw_only_has_a_ledger_and_no_rows(tape: Any, transformed: Any) -> None:
    beats = tape("coinbase_exchange", "heartbeat")
    beats.subscribed(0, "start")
    beats.message(1, b'{"type":"heartbeat","last_trade_id":20,"product_id":"A"}')
    beats.unsubscribed(2, "disconnect")
    beats.subscribed(3, "disconnect", conn=B)
    result = transformed(beats)
    assert set(result.tables) == {"gaps"}
    assert len(result.gaps()) == 1


def test_an_outage_of_a_raw_only_channel_that_a_message_ends_has_its_final_line(
    tape: Any, transformed: Any
) -> None:
    beats = tape("coinbase_exchange", "heartbeat")
    beats.subscribed(0, "start")
    beats.message(1, b'{"type":"heartbeat","last_trade_id":20,"product_id":"A"}')
    left = msgspec.structs.replace(transformed(beats).checkpoint, damaged=True)
    after = tape("coinbase_exchange", "heartbeat")
    after.message(9, b'{"type":"heartbeat","last_trade_id":30,"product_id":"A"}')
    assert transformed(after, left).gaps() == [(1, 9, None, None, None, "damaged")]


def test_connections_are_told_as_they_happened(tape: Any, transformed: Any) -> None:
    links = tape("binance", "_connection")
    links.note(RawKind.OPEN, 0, url="wss://x", boot_id="b", pid=3, version="1")
    links.message(1, b'{"result":null,"id":1}')
    links.note(RawKind.CLOCK, 1, step_ns=5)
    links.note(RawKind.CLOSE, 2, cause="disconnect", reason="1006")
    lines = transformed(links).tables["connections"]
    assert [(line["event"], line["url"], line["cause"], line["reason"]) for line in lines] == [
        ("open", "wss://x", None, None),
        ("close", None, "disconnect", "1006"),
    ]
    assert all(line["conn"] == A for line in lines)


def test_a_message_that_cannot_be_decoded_is_counted_and_told_as_a_gap(trades: Any, transformed: Any) -> None:
    broken = trades([1, 2])
    payload = broken.rows[-1].payload.replace(b'"t":2', b'"t":3').replace(b'"1.5"', b'"x"')
    broken.message(3, payload)
    broken.trade(4, 4)
    result = transformed(broken)
    assert (result.ids(), result.counts.undecodable) == (["1", "2", "4"], 1)
    assert result.gaps() == [(1, 4, 2, 4, 1, "exchange")]


def test_broken_notes_of_our_own_are_counted(tape: Any, transformed: Any) -> None:
    notes = tape("binance", "trade")
    notes.add(RawKind.SUBSCRIBED, 0, b"\xff")
    notes.add(RawKind.UNSUBSCRIBED, 0, b"[]")
    assert transformed(notes).counts.undecodable == 2


def test_unknown_messages_are_counted_only(tape: Any, transformed: Any) -> None:
    unknown = tape("binance", "_unknown")
    unknown.message(0, b"\xff")
    result = transformed(unknown)
    assert (result.tables, result.counts.undecodable) == ({}, 1)


def test_the_exchanges_time_decides_the_day_and_the_local_one_where_there_is_none(
    tape: Any, transformed: Any
) -> None:
    late = tape("binance", "trade")
    late.trade(MIDNIGHT + 5, 1, exchange_at=MIDNIGHT - 5)
    late.trade(MIDNIGHT + 6, 2)
    assert [date for _, date in transformed(late).dates] == ["2026-09-21", "2026-09-22"]
    quotes = tape("coinbase_exchange", "ticker")
    quotes.ticker(2, 1)
    (line,) = transformed(quotes).tables["quotes"]
    assert line["timestamp"] == line["local_timestamp"]


@pytest.mark.parametrize("wrong", [-3 * 3600, 3 * 3600, -56 * 365 * 86_400, 73 * 365 * 86_400])
def test_a_time_of_the_exchange_that_cannot_be_is_kept_and_files_nothing(
    tape: Any, transformed: Any, wrong: int
) -> None:
    stream = tape("binance", "trade")
    for number in range(1, 6):
        stream.trade(MIDNIGHT + number, number)
    stream.trade(MIDNIGHT + 6, 6, exchange_at=MIDNIGHT + wrong)
    stream.trade(MIDNIGHT + 7, 5)
    stream.trade(MIDNIGHT + 8, 6, exchange_at=MIDNIGHT + 6)  # the same, with its time put right
    stream.trade(MIDNIGHT + 9, 7)
    stream.trade(MIDNIGHT + 10, 6, exchange_at=MIDNIGHT + 6)
    result = transformed(stream)
    assert result.ids() == ["1", "2", "3", "4", "5", "6", "7"]
    assert result.gaps() == []
    assert result.dates == [("trades", "2026-09-22")]
    assert result.tables["trades"][5]["timestamp"] == (BEGIN + MIDNIGHT + wrong) * SECOND


def test_what_was_fetched_days_later_lies_in_the_day_it_is_of(tape: Any, transformed: Any) -> None:
    stream = tape("binance", "trade")
    stream.trade(0, 1)
    stream.trade(3 * 86_400, 3)
    body = [{"id": 2, "price": "1.5", "qty": "2", "time": (BEGIN + 60) * 1000, "isBuyerMaker": True}]
    stream.add(RawKind.BACKFILL, 3 * 86_400 + 1, json.dumps(body).encode())
    lines = transformed(stream)
    assert [date for table, date in lines.dates if table == "trades"] == ["2026-09-21", "2026-09-24"]
    assert [line["id"] for line in lines.tables["trades"]] == ["1", "2", "3"]


def test_a_row_from_a_backfill_says_so(trades: Any, transformed: Any) -> None:
    filled = trades([1, 4])
    body = b'[{"id":3,"price":"1.5","qty":"2","time":1790000000000,"isBuyerMaker":true}]'
    filled.add(RawKind.BACKFILL, 5, body)
    lines = transformed(filled).tables["trades"]
    assert [(line["id"], line["source"]) for line in lines] == [
        ("1", "stream"), ("3", "backfill"), ("4", "stream")
    ]  # fmt: skip


def test_after_a_file_that_cannot_be_read_both_kinds_of_ledger_tell(tape: Any, transformed: Any) -> None:
    quotes, deals = tape("coinbase_exchange", "ticker"), tape("binance", "trade")
    for each in (quotes, deals):
        each.subscribed(0, "start")
    quotes.ticker(1, 100)
    deals.trade(1, 1)
    for each, expected in ((quotes, (None, None, None)), (deals, (1, 5, 3))):
        left = transformed(each).checkpoint
        after = tape(each.exchange, each.channel)
        after.ticker(9, 500) if each is quotes else after.trade(9, 5)
        damaged = msgspec.structs.replace(left, damaged=True)
        assert transformed(after, damaged).gaps() == [(1, 9, *expected, "damaged")]


def test_where_the_beginning_of_a_connection_is_damaged_too_the_gap_is_still_damage(
    tape: Any, transformed: Any
) -> None:
    deals = tape("binance", "trade")
    deals.subscribed(0, "start")
    deals.trade(1, 1)
    deals.unsubscribed(2, "restart")
    left = transformed(deals).checkpoint
    after = tape("binance", "trade")
    after.trade(9, 5, conn="20260922T140640000000-0")
    damaged = msgspec.structs.replace(left, damaged=True)
    assert transformed(after, damaged).gaps() == [(1, 9, 1, 5, 3, "damaged")]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    channel=st.sampled_from(["trade", "depth", "bookTicker", "_connection", "_unknown", "gone"]),
    rows=st.lists(
        st.tuples(
            st.sampled_from(list(RawKind)),
            st.integers(0, 5),
            st.binary(max_size=20)
            | st.dictionaries(
                st.sampled_from(["cause", "since_ns", "heard_ns", "t", "url"]), st.integers()
            ).map(lambda value: json.dumps(value).encode()),
        ),
        max_size=12,
    ),
)
def test_whatever_a_segment_holds_the_transform_does_not_raise(
    tape: Any, transformed: Any, channel: str, rows: list[tuple[RawKind, int, bytes]]
) -> None:
    hostile = tape("binance", channel)
    for kind, at, payload in rows:
        hostile.add(kind, at, payload)
    transformed(hostile)


def test_every_column_of_every_table_is_there(tape: Any, transformed: Any) -> None:
    book = tape("binance", "depth")
    book.depth(0, 1, 5)
    assert list(transformed(book).tables["book_updates"][0]) == TABLES["book_updates"].schema.names


def test_trades_without_numbers_in_a_channel_that_has_them_hold_nothing_back(
    tape: Any, transformed: Any
) -> None:
    trades = tape("bybit_spot", "orderbook")
    body = {"retCode": 0, "result": {"list": [{"execId": "1e400", "side": "Buy", "price": "1", "size": "2"}]}}
    trades.add(RawKind.BACKFILL, 0, json.dumps(body).encode())
    result = transformed(trades)
    assert (result.counts.messages, result.ids()) == (1, [])
