"""Which gaps of a ledger concern a day, and which day reports them."""

from __future__ import annotations

from daedalus.lake.audit.days_to_read import days_of_gaps, days_to_read
from daedalus.lake.audit.ledger import Ledger
from daedalus.tables.gaps import Gap

DAY = 86_400 * 10**9
BEGIN = 20_000 * DAY
TODAY = BEGIN, BEGIN + DAY


def gap(
    day: float, first: int | None = None, last: int | None = None, days: float = 0, **more: object
) -> Gap:
    at = BEGIN + int(day * DAY)
    until = at + int(days * DAY) + 1
    return Gap("trade", "A", at, until, first, last, None, "exchange", **more)  # type: ignore[arg-type]


def test_a_line_is_found_by_its_time_or_by_its_ids_however_far_apart() -> None:
    near, far, other = gap(0.5, 10, 20), gap(9, 30, 40), gap(9.1, 900, 950)
    ledger = Ledger([near, far, other])
    assert ledger.concerning("A", TODAY) == [near]
    assert ledger.concerning("A", TODAY, [(1, 29), (41, 50)]) == [near, far]
    assert ledger.concerning("B", TODAY, [(1, 50)]) == []


def test_an_id_says_nothing_where_the_numbers_started_anew() -> None:
    ledger = Ledger([gap(9, 30, 40), gap(10, 90, 5)])
    assert ledger.concerning("A", TODAY, [(1, 50)]) == []


def test_a_line_is_told_by_one_day() -> None:
    mine = gap(0.5, 10, 20)
    ledger = Ledger([mine])
    assert ledger.take("A", (TODAY[0] - DAY, TODAY[0])) == []
    assert ledger.take("A", TODAY, shifted=True) == [mine]
    assert ledger.take("A", TODAY) == []
    assert ledger.reported_elsewhere("A", TODAY)


def test_of_a_gap_the_line_that_was_learned_last_counts() -> None:
    filled = gap(0.5, 10, 20, status="filled", as_of=2)
    assert Ledger([filled, gap(0.5, 10, 20, as_of=1)]).gaps == [filled]


def test_days_without_a_file_are_known_by_what_is_missing_in_them() -> None:
    assert days_of_gaps([gap(0, days=2)]) == {"2024-10-04", "2024-10-05", "2024-10-06"}
    assert days_of_gaps([gap(0, days=2, status="filled")]) == set()
    assert days_of_gaps([gap(0, days=10_000)]) == set()


def test_the_days_with_rows_beside_those_asked_for_are_read_too() -> None:
    days = ["01", "02", "03", "04", "05", "06"]
    assert days_to_read(days, {"01", "02", "06"}, {"04"}) == ["02", "03", "04", "05", "06"]
    assert days_to_read(days, {"04"}, {"04"}) == ["04"]
    assert days_to_read(days, set(days), set()) == []
    assert days_to_read(days, set(days), {"05"}, lambda first, before: before == "02")[0] == "02"
    assert days_to_read(days, set(days), {"05"}, lambda first, before: False)[0] == "01"
