from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.model import Data, Ids
from daedalus.exchanges.runs import backfill_header


@given(numbers=st.lists(st.integers(0, 40)))
def test_the_runs_hold_exactly_the_ids_and_do_not_touch(numbers: list[int]) -> None:
    header = backfill_header("trade", "A", numbers)
    assert (type(header), header.channel, header.symbol) == (Data, "trade", "A")
    runs = [each.ids for each in (header, *header.more) if each.ids]
    held = [number for run in runs for number in range(run.first, run.last + 1)]
    assert held == sorted(set(numbers))
    assert all(after.first > before.last + 1 for before, after in pairwise(runs))


def test_ids_that_came_newest_first_are_one_run() -> None:
    assert backfill_header("trade", "A", [9, 8, 7]) == Data("trade", "A", Ids(7, 9))
