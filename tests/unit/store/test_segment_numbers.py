from __future__ import annotations

import pytest

from daedalus.store import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId, TableFile
from daedalus.store.files import make_directories
from daedalus.store.segment_numbers import SegmentNumbers

TRADE = Partition("binance", "trade")
T = 1_790_000_000_000_000_000


def test_a_number_is_the_time_of_the_first_row(layout: Layout) -> None:
    assert SegmentNumbers(layout).next(TRADE, T).number == T


def test_numbers_grow_when_the_clock_does_not(layout: Layout) -> None:
    numbering = SegmentNumbers(layout)
    assert [numbering.next(TRADE, t).number for t in (T, T, T - 10**18)] == [T, T + 1, T + 2]


@pytest.mark.parametrize(
    "state", [READY, NORMALIZED, SYNCED, "active", "damaged", "aside", "checkpoint", "tables", "uploaded"]
)
def test_no_number_on_disk_is_given_again(layout: Layout, state: str) -> None:
    there = SegmentId(TRADE, T)
    path = {
        "active": layout.active / there.active_name,
        "damaged": layout.damaged / f"{there.active_name}.408.tail",
        "aside": layout.damaged / there.damaged_name,
        "checkpoint": layout.checkpoint(there),
        "tables": layout.tables(READY) / TableFile("trades", "2026-09-21", there).path,
        "uploaded": layout.tables(SYNCED) / TableFile("gaps", "2026-09-20", there).path,
    }.get(state, layout.raw(state) / there.sealed_path)
    make_directories(path.parent)
    path.touch()
    assert SegmentNumbers(layout).next(TRADE, T - 5).number == T + 1
    assert SegmentNumbers(layout).next(Partition("binance", "depth"), T - 5).number == T - 5


def test_a_channel_whose_files_could_not_be_found_again_is_refused() -> None:
    with pytest.raises(ValueError, match="depth@100ms"):
        Partition("binance", "depth@100ms")
