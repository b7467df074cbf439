"""Outages of streams without ids: from the last message kept until a connection is proved to serve."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from daedalus.store.raw import RawKind

FIRST, SECOND = "20260921T140640000000-0", "20260921T140640000000-1"
NEXT_PROCESS, THE_ONE_AFTER = "20260921T150000000000-0", "20260921T160000000000-0"


@pytest.fixture
def quotes(tape: Any) -> Any:
    """Served since second 0, the last quote at second 5."""
    quotes = tape("coinbase_exchange", "ticker")
    quotes.asked(0, "start")
    quotes.served(0.5)
    quotes.ticker(1, 100)
    quotes.ticker(5, 500)
    return quotes


def unknown(begin: float, end: float, cause: str) -> tuple[object, ...]:
    return begin, end, None, None, None, cause


# After a crash


def test_after_a_crash_the_gap_begins_at_the_streams_own_last_row(quotes: Any, transformed: Any) -> None:
    quotes.asked(9, "crash", NEXT_PROCESS, since=3)
    quotes.served(9.5, NEXT_PROCESS)
    assert transformed(quotes).gaps() == [unknown(5, 9.5, "crash")]


def test_of_a_stream_that_is_quiet_the_last_flush_of_everything_says_until_when_it_was_kept(
    quotes: Any, transformed: Any
) -> None:
    quotes.asked(900, "power", NEXT_PROCESS, since=800)
    quotes.served(901, NEXT_PROCESS)
    assert transformed(quotes).gaps() == [unknown(800, 901, "power")]


def test_a_crash_while_the_connection_was_down_does_not_shorten_the_gap(
    quotes: Any, transformed: Any
) -> None:
    quotes.unsubscribed(7, "disconnect", heard=6)
    quotes.asked(900, "crash", NEXT_PROCESS, since=890)
    quotes.served(901, NEXT_PROCESS)
    assert transformed(quotes).gaps() == [unknown(6, 901, "crash")]


def test_a_flush_says_nothing_where_rows_of_before_it_are_damaged(quotes: Any, transformed: Any) -> None:
    left = msgspec.structs.replace(transformed(quotes).checkpoint, damaged=True)
    later = type(quotes)("coinbase_exchange", "ticker")
    later.asked(900, "crash", NEXT_PROCESS, since=890)
    later.served(901, NEXT_PROCESS)
    ((begin, end, *_),) = transformed(later, left).gaps()
    assert (begin, end) == (5, 901)


def test_a_recorder_that_kept_nothing_at_all_leaves_a_gap(tape: Any, transformed: Any) -> None:
    for exchange, channel in (("coinbase_exchange", "ticker"), ("binance", "trade")):
        first = tape(exchange, channel)
        first.asked(10, "crash", NEXT_PROCESS, since=2)
        first.served(11, NEXT_PROCESS)
        first.trade(12, 7, conn=NEXT_PROCESS) if channel == "trade" else first.ticker(12, 7, NEXT_PROCESS)
        ((begin, _, *rest),) = transformed(first).gaps()
        assert (begin, *rest) == (2, None, None, None, "crash")


def test_a_start_that_knows_of_no_recorder_before_is_a_restart_where_rows_are_there(
    quotes: Any, transformed: Any
) -> None:
    quotes.unsubscribed(6, "restart", heard=5)
    quotes.asked(50, "start", NEXT_PROCESS)
    quotes.served(51, NEXT_PROCESS)
    assert transformed(quotes).gaps() == [unknown(5, 51, "restart")]


# Until somebody serves


def test_the_gap_ends_at_the_exchanges_answer(quotes: Any, transformed: Any) -> None:
    quotes.unsubscribed(6, "disconnect", heard=5)
    quotes.asked(7, "disconnect", SECOND)
    quotes.served(8, SECOND)
    quotes.ticker(20, 600, SECOND)
    assert transformed(quotes).gaps() == [unknown(5, 8, "disconnect")]


def test_the_gap_ends_at_the_first_message_where_the_exchange_answers_later_or_never(
    quotes: Any, transformed: Any
) -> None:
    quotes.unsubscribed(6, "disconnect", heard=5)
    quotes.asked(7, "disconnect", SECOND)
    quotes.ticker(9, 600, SECOND)
    quotes.served(10, SECOND)
    assert transformed(quotes).gaps() == [unknown(5, 9, "disconnect")]


def test_a_connection_that_never_served_does_not_end_a_gap(quotes: Any, transformed: Any) -> None:
    quotes.unsubscribed(6, "disconnect", heard=5)
    quotes.asked(7, "disconnect", SECOND)
    quotes.unsubscribed(30, "disconnect", SECOND, heard=29)
    quotes.asked(31, "disconnect", "20260921T140640000000-2")
    quotes.served(32, "20260921T140640000000-2")
    assert transformed(quotes).gaps() == [unknown(5, 32, "disconnect")]


def test_a_replacement_that_serves_before_the_old_connection_ends_leaves_no_gap(
    quotes: Any, transformed: Any
) -> None:
    quotes.asked(6, "replaced", SECOND)
    quotes.served(7, SECOND)
    quotes.unsubscribed(9, "replaced", heard=9)
    assert transformed(quotes).gaps() == []


def test_a_replacement_that_served_before_the_end_leaves_no_gap_though_its_row_comes_later(
    quotes: Any, transformed: Any
) -> None:
    quotes.asked(6, "replaced", SECOND)
    quotes.unsubscribed(9, "disconnect", heard=8)
    quotes.ticker(7.9, 700, SECOND)
    assert transformed(quotes).gaps() == []


def test_a_clock_that_was_set_back_hides_no_gap(quotes: Any, transformed: Any) -> None:
    quotes.asked(6, "replaced", SECOND)
    quotes.unsubscribed(9, "disconnect", heard=8)
    quotes.ticker(3, 700, SECOND)
    assert transformed(quotes).gaps() == [unknown(3, 3, "disconnect")]
    quotes.unsubscribed(3.5, "restart", SECOND, heard=3.2)
    quotes.asked(3.1, "restart", NEXT_PROCESS)
    quotes.served(3.1, NEXT_PROCESS)
    assert transformed(quotes).gaps()[1:] == [unknown(3.1, 3.1, "restart")]


def test_an_old_connection_that_ends_before_its_replacement_serves_leaves_a_gap(
    quotes: Any, transformed: Any
) -> None:
    quotes.asked(6, "replaced", SECOND)
    quotes.unsubscribed(9, "disconnect", heard=8)
    quotes.ticker(12, 700, SECOND)
    assert transformed(quotes).gaps() == [unknown(8, 12, "disconnect")]


def test_a_gap_without_an_end_has_its_line_and_the_last_word_comes_with_its_end(
    quotes: Any, transformed: Any
) -> None:
    quotes.unsubscribed(6, "disconnect", heard=5)
    quotes.asked(7, "disconnect", SECOND)
    quotes.unsubscribed(60, "disconnect", SECOND, heard=59)
    quotes.asked(61, "disconnect", "20260921T140640000000-2")
    before = transformed(quotes)
    assert before.gaps() == [unknown(5, 61, "disconnect")]
    later = type(quotes)("coinbase_exchange", "ticker")
    later.served(70, "20260921T140640000000-2")
    after = transformed(later, before.checkpoint)
    assert after.gaps() == [unknown(5, 70, "disconnect")]
    (one,), (other,) = before.tables["gaps"], after.tables["gaps"]
    assert one["as_of"] < other["as_of"]


def test_wherever_the_files_are_cut_the_last_words_are_the_same(quotes: Any, transformed: Any) -> None:
    quotes.unsubscribed(6, "disconnect", heard=5)
    quotes.asked(7, "disconnect", SECOND)
    quotes.served(8, SECOND)
    quotes.ticker(9, 600, SECOND)
    quotes.asked(40, "crash", NEXT_PROCESS, since=20)
    quotes.ticker(42, 700, NEXT_PROCESS)
    quotes.asked(80, "power", THE_ONE_AFTER, since=60)
    quotes.served(81, THE_ONE_AFTER)
    whole = transformed(quotes).gaps()
    assert whole == [unknown(5, 8, "disconnect"), unknown(20, 42, "crash"), unknown(60, 81, "power")]
    for cut in range(len(quotes.rows)):
        first, second = quotes.split(cut)
        before = transformed(first)
        after = transformed(second, before.checkpoint)
        last = {gap[0]: gap for gap in (*before.gaps(), *after.gaps())}
        assert list(last.values()) == whole


# A stream that alone falls silent


def test_a_stream_that_fell_silent_stands_as_silent_since_until_it_speaks(
    quotes: Any, transformed: Any
) -> None:
    quotes.fell_silent(70, heard=5)
    assert transformed(quotes).gaps() == [unknown(5, 70, "silence")]
    quotes.note(RawKind.CLOCK, 90)
    before = transformed(quotes)
    assert before.gaps() == [unknown(5, 90, "silence")]
    later = type(quotes)("coinbase_exchange", "ticker")
    later.served(200)
    later.ticker(200, 900)
    after = transformed(later, before.checkpoint)
    assert after.gaps() == [unknown(5, 200, "silence")]
    assert "this stream alone fell silent" in str(after.tables["gaps"][0]["note"])


def test_a_silent_stream_has_its_line_though_the_recorder_stops(quotes: Any, transformed: Any) -> None:
    quotes.fell_silent(70, heard=5)
    quotes.asked(71, "replaced", SECOND)
    quotes.unsubscribed(75, "replaced", heard=74)
    quotes.unsubscribed(80, "restart", SECOND, heard=79)
    assert transformed(quotes).gaps() == [unknown(5, 79, "silence")]


def test_a_silent_stream_whose_ids_go_on_has_lost_nothing(tape: Any, transformed: Any) -> None:
    for number, told in ((8, []), (10, [(5, 100, 7, 10, 2, "silence")])):
        deals = tape("binance", "trade")
        deals.asked(0, "start")
        deals.trade(5, 7)
        deals.fell_silent(70, heard=5)
        deals.note(RawKind.CLOCK, 90)
        before = transformed(deals)
        assert before.gaps() == [unknown(5, 90, "silence")]
        later = tape("binance", "trade")
        later.served(100)
        later.trade(100, number)
        after = transformed(later, before.checkpoint)
        settled, *proved = sorted(after.tables["gaps"], key=lambda gap: gap["from_id"] is not None)
        assert (settled["status"], settled["remaining"]) == ("filled", 0)
        assert [gap for gap in after.gaps() if gap[2] is not None] == told
        assert len(proved) == len(told)
