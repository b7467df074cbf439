from __future__ import annotations

import errno
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from daedalus.normalize import normalize_ready, run_normalize
from daedalus.normalize import worker as worker_module
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.normalize.checkpoint_files import read_checkpoint
from daedalus.store.layout import NORMALIZED, READY, Layout, Partition, SegmentId
from daedalus.store.segment import Segment
from daedalus.worker.status import NormalizeStatus, read_status

HOUR = 3_600_000_000_000
FIRST = 1_790_000_000_000_000_000


def checkpoints(layout: Layout) -> list[int]:
    folder = layout.checkpoint(SegmentId(Partition("binance", "trade"), 0)).parent
    return sorted(int(path.stem) for path in folder.iterdir())


def test_once_does_what_is_there_and_says_so(layout: Layout, trades: Any) -> None:
    trades([1, 2, 5]).seal(layout, FIRST)
    assert run_normalize(layout, once=True).rows == 3
    status = read_status(layout.status, "normalize")
    assert isinstance(status, NormalizeStatus)
    assert status.state == "stopped"
    assert status.rows == 3
    assert status.gaps == 1
    assert status.segments_waiting == 0


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
    assert len(checkpoints(layout)) == 4
    for segment in layout.raw_segments(NORMALIZED)[:3]:
        (layout.raw(NORMALIZED) / segment.sealed_path).unlink()
    trades([9]).seal(layout, FIRST + 4 * HOUR)
    normalize_ready(layout)
    assert checkpoints(layout) == [FIRST + hour * HOUR for hour in (2, 3, 4)]
    for segment in layout.raw_segments(NORMALIZED):
        (layout.raw(NORMALIZED) / segment.sealed_path).unlink()
    trades([10]).seal(layout, FIRST + 5 * HOUR)
    normalize_ready(layout)
    assert checkpoints(layout)[-1] == FIRST + 5 * HOUR
    assert len(checkpoints(layout)) == 2


def test_a_fault_in_one_partition_holds_back_that_one_only(
    layout: Layout, trades: Any, tape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trades([1]).seal(layout, FIRST)
    trades([2]).seal(layout, FIRST + HOUR)
    layout.checkpoint(SegmentId(Partition("binance", "trade"), FIRST - 1)).parent.mkdir(parents=True)
    layout.checkpoint(SegmentId(Partition("binance", "trade"), FIRST - 1)).write_bytes(b"{")
    other = tape("coinbase_exchange", "ticker")
    other.ticker(0, 1)
    other.seal(layout, FIRST)
    progress = normalize_ready(layout)
    assert (progress.segments, progress.waiting) == (1, 2)
    assert "raw/normalized to raw/ready" in progress.trouble


def test_an_exchange_nobody_knows_is_left_alone(layout: Layout, tape: Any, tmp_path: Path) -> None:
    strange = tape("binance", "trade")
    strange.trade(0, 1)
    strange.exchange = "mtgox"
    strange.seal(layout, FIRST)
    progress = normalize_ready(layout)
    assert progress.trouble == "no exchange is called mtgox"
    assert len(layout.raw_segments(READY)) == 1


def test_without_a_carry_a_segment_starts_from_nothing(layout: Layout) -> None:
    assert read_checkpoint(layout, SegmentId(Partition("binance", "trade"), FIRST)) == Checkpoint()


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


def waiting_channels(layout: Layout, trades: Any, tape: Any) -> Path:
    """Two partitions; the path of the first one's only file."""
    segment = trades([1, 2]).seal(layout, FIRST)
    quotes = tape("coinbase_exchange", "ticker")
    quotes.ticker(0, 1)
    quotes.seal(layout, FIRST)
    return layout.raw(READY) / segment.sealed_path


def test_a_file_out_of_reach_waits_is_told_and_holds_back_its_partition_only(
    layout: Layout, trades: Any, tape: Any
) -> None:
    path = waiting_channels(layout, trades, tape)
    aside = path.rename(layout.data_dir / "aside")
    path.symlink_to(path.name)  # a loop: it cannot be opened, whoever asks
    progress = run_normalize(layout, once=True)
    assert (progress.segments, progress.damaged, progress.waiting) == (1, 0, 1)
    assert str(path.relative_to(layout.raw(READY))) in progress.trouble
    status = read_status(layout.status, "normalize")
    assert isinstance(status, NormalizeStatus)
    assert status.note == progress.trouble
    path.unlink()
    aside.rename(path)
    assert run_normalize(layout, once=True).rows == 2
    assert not layout.damaged_segments()


def test_a_pipe_in_the_place_of_a_file_waits_and_hangs_nobody(layout: Layout, trades: Any, tape: Any) -> None:
    path = waiting_channels(layout, trades, tape)
    path.unlink()
    os.mkfifo(path)
    progress = normalize_ready(layout)
    assert (progress.segments, progress.damaged) == (1, 0)
    assert "a pipe stands where a file is expected" in progress.trouble


def test_a_damaged_file_that_cannot_be_moved_holds_back_its_partition_only(
    layout: Layout, trades: Any, tape: Any
) -> None:
    path = waiting_channels(layout, trades, tape)
    path.write_bytes(b"no Parquet")
    layout.damaged.write_bytes(b"a file where the directory should be")
    progress = normalize_ready(layout)
    assert (progress.segments, progress.damaged, progress.waiting) == (1, 0, 1)
    assert progress.trouble
    layout.damaged.unlink()
    assert normalize_ready(layout).damaged == 1


def test_a_directory_out_of_reach_is_told_and_holds_back_what_may_be_newer(
    layout: Layout, trades: Any, tape: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = waiting_channels(layout, trades, tape)
    trades([3]).seal(layout, FIRST + HOUR)
    scandir = os.scandir

    def denied(at: Any) -> Any:
        if Path(at) == path.parent:  # root may read everything, so no mode can say it
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(at))
        return scandir(at)

    monkeypatch.setattr(os, "scandir", denied)
    progress = normalize_ready(layout)
    assert progress.segments == 1
    assert str(path.parent) in progress.trouble
    monkeypatch.undo()
    assert (normalize_ready(layout).segments, normalize_ready(layout).trouble) == (2, "")


def test_every_partition_has_its_turn_whatever_waits_of_another(
    layout: Layout, trades: Any, tape: Any, caplog: pytest.LogCaptureFixture
) -> None:
    for hour in range(4):
        trades([hour]).seal(layout, FIRST + hour * HOUR)
    waiting_channels(layout, trades, tape)
    with caplog.at_level("INFO"):
        normalize_ready(layout)
    done = [message for message in caplog.messages if " messages, " in message]
    order = [message.split("channel=")[1].split("/")[0] for message in done]
    assert order == ["trade", "ticker", "trade", "trade", "trade"]


def test_a_long_backlog_is_looked_at_anew_and_done_all_the_same(
    layout: Layout, trades: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_module, "ROUND_SECONDS", 0.0)
    for hour in range(3):
        trades([hour]).seal(layout, FIRST + hour * HOUR)
    assert run_normalize(layout, once=True).segments == 3


def test_a_segment_of_a_long_backlog_costs_no_more_than_one_alone(layout: Layout, trades: Any) -> None:
    def seconds(count: int) -> float:
        for number in range(count):
            trades([number]).seal(layout, FIRST + number)
        begin = time.process_time()
        assert normalize_ready(layout).segments == count
        return (time.process_time() - begin) / count

    few = seconds(20)
    for segment in layout.raw_segments(NORMALIZED):
        (layout.raw(NORMALIZED) / segment.sealed_path).unlink()
    assert seconds(400) < 3 * few


def test_what_was_left_of_an_exchange_that_nobody_records_comes_to_the_tables(
    layout: Layout, trades: Any
) -> None:
    layout.active.mkdir(parents=True)
    left = Segment(layout.active, SegmentId(Partition("binance", "trade"), FIRST))
    left.append(trades([1, 2, 5]).rows)
    left.close()
    assert run_normalize(layout, once=True, recorded=["binance"]).segments == 0
    assert run_normalize(layout, once=True, recorded=["kraken"]).rows == 3
    assert list(layout.active.iterdir()) == []


def test_a_segment_from_the_middle_of_a_recording_says_what_it_cannot_know(
    layout: Layout, trades: Any, tape: Any, caplog: pytest.LogCaptureFixture
) -> None:
    begun = tape("binance", "trade")
    begun.subscribed(0, "start")
    begun.trade(1, 1)
    begun.seal(layout, FIRST)
    trades([2]).seal(layout, FIRST + HOUR)
    normalize_ready(layout)
    assert "nothing before it is known" not in caplog.text
    alone = Layout(layout.data_dir / "alone")
    trades([2]).seal(alone, FIRST + HOUR)
    normalize_ready(alone)
    assert f"{FIRST + HOUR}.parquet continues streams whose checkpoint is missing" in caplog.text
