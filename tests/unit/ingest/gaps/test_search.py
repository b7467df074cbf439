"""What to ask for next, and what was found, follows from the answers alone."""

from __future__ import annotations

import time

from daedalus.exchanges.model import Data, Missing
from daedalus.exchanges.runs import backfill_header
from daedalus.ingest.gaps.search import ById, ByTime


def gap(first: int, last: int, from_ns: int = 0, to_ns: int = 0) -> Missing:
    return Missing("trade", "A", first, last, from_ns or first, to_ns or last + 1)


def take(search: ById, numbers: range | list[int], *, by_id: bool = True) -> None:
    search.take(backfill_header("trade", "A", numbers), {n: n for n in numbers}, by_id=by_id)


def test_what_lies_between_an_answers_ids_is_not_there() -> None:
    gaps = [gap(5, 9), gap(20, 22), gap(900, 901)]
    search = ById(gaps)
    take(search, [5, 6, 8, 9, 500])
    assert [search.left(each) for each in gaps] == [
        "1 of 5 ids are not in the exchange's answer",
        "3 of 3 ids are not in the exchange's answer",
        "2 of 2 ids are not in the exchange's answer",
    ]
    assert search.wanted is not None
    assert search.wanted.first == 900
    assert search.again()
    assert search.wanted.first == 7


def test_asked_by_id_what_lies_before_an_answer_is_not_there_either() -> None:
    search = ById([gap(5, 9), gap(20, 22), gap(900, 901)])
    take(search, range(800, 850))
    assert search.wanted is not None
    assert search.wanted.first == 900


def test_asked_by_time_what_lies_before_an_answer_may_be_in_another() -> None:
    search = ById([gap(5, 9, 1, 10_000)])
    take(search, range(800, 850), by_id=False)
    assert search.wanted == Missing("trade", "A", 5, 9, 1, 800)


def test_an_empty_answer_by_id_says_nothing_of_what_is_far_away() -> None:
    gaps = [gap(5, 9), gap(50, 52), gap(900, 901)]
    search = ById(gaps)
    take(search, [])
    assert search.wanted is not None
    assert search.wanted.first == 900


def test_gaps_within_one_page_are_asked_for_together_where_times_count() -> None:
    search = ById([gap(5, 9, 50, 90), gap(800, 801, 8000, 8010), gap(5000, 5001, 50_000, 50_010)])
    assert search.wanted == Missing("trade", "A", 5, 5001, 50, 8010)


def test_thousands_of_gaps_and_runs_are_compared_in_a_moment() -> None:
    gaps = [gap(number, number) for number in range(1, 20_000, 2)]
    search = ById(gaps)
    began = time.process_time()
    take(search, list(range(1, 20_000, 4)))
    assert sum(not search.left(each) for each in gaps) == 5_000
    assert time.process_time() - began < 2


def test_by_time_an_answer_that_begins_too_late_fills_nothing() -> None:
    missing = Missing("trade", "A", None, None, 10_000_000_000, 90_000_000_000)
    search = ByTime(missing)
    late = Data("trade", "A", complete_from_ns=50_000_000_000)
    search.take(late, {-1: 95_000_000_000}, by_id=False)
    assert search.wanted is None
    assert "begins 40.0 s too late" in search.left(missing)
    assert not search.again()
