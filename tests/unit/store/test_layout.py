from __future__ import annotations

import threading
from pathlib import Path

import pytest

from daedalus.store import NORMALIZED, READY, Layout, Partition, SegmentId, move
from daedalus.store.files import make_directories

SEGMENT = SegmentId(Partition("coinbase_exchange", "level2_batch"), 1_790_000_000_000_000_001)


def test_a_segment_is_read_back_from_both_of_its_names() -> None:
    assert SegmentId.from_active(SEGMENT.active_name) == SEGMENT
    assert SegmentId.from_sealed(SEGMENT.sealed_path) == SEGMENT


def test_a_clock_that_stands_in_1970_still_gives_names_that_can_be_read_and_sorted() -> None:
    early = SegmentId(SEGMENT.partition, 5)
    assert SegmentId.from_active(early.active_name) == early
    assert early.active_name < SEGMENT.active_name


@pytest.mark.parametrize("name", ["x", ".binance.lock", "binance.trade.1.arrows", "binance.trade.parquet"])
def test_other_files_are_no_segments(name: str) -> None:
    assert SegmentId.from_active(name) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (
            "1790000000000000001",
            "\u0661790000000000000001",
        ),  # a digit of another script: a file of another name
        ("level2_batch", "l\u00e9vel2_batch"),
        ("hour=14", "hour=15"),
        ("date=2026-09-21", "date=----------"),
    ],
)
def test_a_file_that_its_number_does_not_lead_to_is_no_segment(old: str, new: str) -> None:
    path = SEGMENT.sealed_path.as_posix()
    assert old in path
    assert SegmentId.from_sealed(Path(path.replace(old, new))) is None
    assert SegmentId.from_active(SEGMENT.active_name.replace(old, new)) in (None, SEGMENT)


def test_a_segment_is_found_in_the_state_it_was_moved_to(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    path = layout.raw(READY) / SEGMENT.sealed_path
    make_directories(path.parent)
    path.touch()
    assert layout.states_of(SEGMENT) == [READY]
    move(path, layout.raw(NORMALIZED) / SEGMENT.sealed_path)
    assert layout.states_of(SEGMENT) == [NORMALIZED]
    assert layout.raw_segments(NORMALIZED, SEGMENT.partition) == [SEGMENT]
    assert layout.raw_segments(READY) == []


def test_directories_that_come_and_go_meanwhile_hide_no_segment(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    path = layout.raw(READY) / SEGMENT.sealed_path
    make_directories(path.parent)
    path.touch()
    over = threading.Event()

    def sweep() -> None:
        empty = [path.parent.with_name(f"hour={hour:02}") for hour in range(24)]
        while not over.is_set():
            for each in empty:
                each.mkdir(exist_ok=True)
            for each in empty:
                if each != path.parent:
                    each.rmdir()

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(100):
            assert layout.raw_segments(READY) == [SEGMENT]
    finally:
        over.set()
        sweeper.join()
