from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from daedalus.normalize import normalize_ready, run_normalize
from daedalus.normalize.carry import read_carry
from daedalus.store.layout import NORMALIZED, READY, Layout, Partition, SegmentId
from daedalus.store.status import read_status

HOUR = 3_600_000_000_000
FIRST = 1_790_000_000_000_000_000


def carries(layout: Layout) -> list[int]:
    folder = layout.carry(SegmentId(Partition("binance", "trade"), 0)).parent
    return sorted(int(path.stem) for path in folder.iterdir())


def test_once_does_what_is_there_and_says_so(layout: Layout, trades: Any) -> None:
    trades([1, 2, 5]).seal(layout, FIRST)
    assert run_normalize(layout, once=True).rows == 3
    status = read_status(layout.status, "normalize")
    assert status is not None
    assert status.state == "stopped"
    assert status.figures["rows"] == 3
    assert status.figures["gaps"] == 1
    assert status.figures["segments_waiting"] == 0


def test_an_empty_data_dir_is_no_error(layout: Layout) -> None:
    assert run_normalize(layout, once=True).segments == 0


def test_it_takes_up_what_comes_later_and_stops_when_told(layout: Layout, trades: Any) -> None:
    stop = threading.Event()
    worker = threading.Thread(target=run_normalize, args=(layout, 0.02, stop))
    worker.start()
    trades([1, 2]).seal(Layout(layout.data_dir / "aside"), FIRST)
    (layout.data_dir / "raw").mkdir(exist_ok=True)
    (layout.data_dir / "aside/raw/ready").rename(layout.raw(READY))
    for _ in range(500):
        if layout.raw_segments(NORMALIZED):
            break
        stop.wait(0.01)
    stop.set()
    worker.join(10)
    assert not worker.is_alive()
    assert layout.raw_segments(NORMALIZED)


def test_carries_that_nothing_needs_are_removed_but_the_newest_stays(layout: Layout, trades: Any) -> None:
    for hour in range(4):
        trades([hour]).seal(layout, FIRST + hour * HOUR)
    normalize_ready(layout)
    assert len(carries(layout)) == 4
    for segment in layout.raw_segments(NORMALIZED)[:3]:
        (layout.raw(NORMALIZED) / segment.sealed_path).unlink()
    trades([9]).seal(layout, FIRST + 4 * HOUR)
    normalize_ready(layout)
    assert carries(layout) == [FIRST + hour * HOUR for hour in (2, 3, 4)]
    for segment in layout.raw_segments(NORMALIZED):
        (layout.raw(NORMALIZED) / segment.sealed_path).unlink()
    trades([10]).seal(layout, FIRST + 5 * HOUR)
    normalize_ready(layout)
    assert carries(layout)[-1] == FIRST + 5 * HOUR
    assert len(carries(layout)) == 2


def test_a_fault_in_one_partition_holds_back_that_one_only(
    layout: Layout, trades: Any, tape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades([1]).seal(layout, FIRST)
    trades([2]).seal(layout, FIRST + HOUR)
    layout.carry(SegmentId(Partition("binance", "trade"), FIRST - 1)).parent.mkdir(parents=True)
    layout.carry(SegmentId(Partition("binance", "trade"), FIRST - 1)).write_bytes(b"{")
    other = tape("coinbase_exchange", "ticker")
    other.ticker(0, 1)
    other.seal(layout, FIRST)
    progress = normalize_ready(layout)
    assert (progress.segments, progress.waiting) == (1, 2)
    assert "raw/normalized to raw/ready" in progress.trouble


def test_an_exchange_nobody_knows_is_left_alone(layout: Layout, tape: Any, tmp_path: Path) -> None:
    strange = tape("binance", "trade")
    strange.trade(0, 1)
    strange.venue = "mtgox"
    strange.seal(layout, FIRST)
    progress = normalize_ready(layout)
    assert progress.trouble == "no venue is called mtgox"
    assert len(layout.raw_segments(READY)) == 1


def test_without_a_carry_a_segment_starts_from_nothing(layout: Layout) -> None:
    assert read_carry(layout, SegmentId(Partition("binance", "trade"), FIRST)).continuity == []


def test_told_to_stop_in_the_middle_it_leaves_the_segment_as_it_was(
    layout: Layout, trades: Any, content: Any
) -> None:
    trades([1, 2, 5]).seal(layout, FIRST)
    before = content(layout.data_dir)
    for asked in range(1, 4):
        answers = iter([True] * (asked - 1) + [False])
        progress = normalize_ready(layout, go_on=lambda answers=answers: next(answers))
        assert (progress.segments, progress.waiting, progress.trouble) == (0, 1, "")
        left = {name: data for name, data in content(layout.data_dir).items() if "/active/" not in name}
        assert left.keys() >= before.keys()
    assert run_normalize(layout, once=True).rows == 3
    assert not content(layout.tables_active)
