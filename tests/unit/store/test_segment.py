from __future__ import annotations

import os
import resource
import stat
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daedalus.store import Partition, RawRecord, SegmentId
from daedalus.store.segment import Segment, SegmentError, read_segment

Row = Callable[..., RawRecord]
ID = SegmentId(Partition("binance", "trade"), 1_790_000_000_000_000_000)


def sequences(path: Path) -> list[int]:
    return [row["seq"] for batch, _ in read_segment(path) for row in batch.to_pylist()]


def test_a_segment_is_as_long_as_its_committed_batches(tmp_path: Path, row: Row) -> None:
    segment = Segment(tmp_path, ID)
    ends = []
    for seq in range(3):
        segment.append([row(seq)])
        ends.append(segment.size)
    segment.close()
    assert [end for _, end in read_segment(segment.path)] == ends
    assert segment.path.stat().st_size == segment.size
    assert stat.S_IMODE(segment.path.stat().st_mode) == 0o640


def test_a_segment_that_got_nothing_leaves_no_file(tmp_path: Path) -> None:
    segment = Segment(tmp_path, ID)
    segment.close()
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def files_end_at() -> Iterator[Callable[[int], None]]:
    """Makes the kernel refuse to let any file grow beyond a size: a write is cut short, then fails."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_batch_that_was_cut_short_is_taken_back_and_can_be_written_again(
    tmp_path: Path, row: Row, files_end_at: Callable[[int], None]
) -> None:
    segment = Segment(tmp_path, ID)
    segment.append([row(0)])
    good = segment.size
    files_end_at(good + 500)
    with pytest.raises(SegmentError) as caught:
        segment.append([row(1), row(2)])
    assert caught.value.filename == str(segment.path)
    assert segment.size == good == segment.path.stat().st_size
    files_end_at(resource.RLIM_INFINITY)
    segment.append([row(1), row(2)])
    segment.close()
    assert sequences(segment.path) == [0, 1, 2]


def test_what_could_not_be_taken_back_at_once_is_before_the_next_write(
    tmp_path: Path, row: Row, files_end_at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Segment(tmp_path, ID)
    segment.append([row(0)])
    files_end_at(segment.size + 1500)
    with monkeypatch.context() as patch:
        patch.setattr(os, "ftruncate", refuse)
        with pytest.raises(SegmentError):
            segment.append([row(seq) for seq in range(1, 100)])
    assert segment.path.stat().st_size > segment.size
    files_end_at(resource.RLIM_INFINITY)
    segment.append([row(1)])
    segment.close()
    assert segment.path.stat().st_size == segment.size
    assert sequences(segment.path) == [0, 1]


def test_after_a_failed_fsync_the_bytes_are_written_again_before_the_next_one(
    tmp_path: Path, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    segment = Segment(tmp_path, ID)
    segment.append([row(0)])
    segment.sync()
    durable = segment.size
    segment.append([row(1)])
    segment.append([row(2)])
    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", refuse)
        with pytest.raises(SegmentError):
            segment.sync()
    # What the kernel does after a failed write-back, in the worst case: the pages are gone.
    with open(segment.path, "r+b") as file:
        file.seek(durable)
        file.write(b"\0" * (segment.size - durable))
    segment.sync()
    segment.close()
    assert sequences(segment.path) == [0, 1, 2]


def test_a_full_disk_leaves_the_rows_before_it(small_disk: Path, row: Row) -> None:
    segment = Segment(small_disk, ID)
    batches = [[row(seq, payload=os.urandom(10_000))] for seq in range(200)]
    with pytest.raises(SegmentError, match="No space left"):
        deque(map(segment.append, batches), maxlen=0)
    segment.close()
    written = sequences(segment.path)
    assert len(written) > 50
    assert written == list(range(len(written)))
    assert segment.path.stat().st_size == segment.size


def refuse(*_: object) -> None:
    raise OSError(5, "Input/output error")
