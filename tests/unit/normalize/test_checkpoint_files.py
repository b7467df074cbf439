from __future__ import annotations

import json

import pytest

from daedalus.exchanges.stream_state import StreamState
from daedalus.normalize.book_failover import FailoverState, StandbyState
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.normalize.checkpoint_files import read_checkpoint, write_checkpoint
from daedalus.normalize.deduplicate import DeduplicationState
from daedalus.store.layout import Layout, Partition, SegmentId

BEFORE, NEXT = (SegmentId(Partition("binance", "trade"), number) for number in (1, 2))
STREAM = StreamState("trade", "A", 5, 12345, 1_790_000_000_000_000_000)
CHECKPOINT = Checkpoint(deduplication=DeduplicationState(continuity=[STREAM]), eras={"A": 1})


def test_what_a_segment_leaves_is_what_the_next_one_reads(layout: Layout) -> None:
    write_checkpoint(layout, BEFORE, CHECKPOINT)
    assert read_checkpoint(layout, NEXT) == CHECKPOINT


def test_names_in_the_file_are_those_of_its_format(layout: Layout) -> None:
    book = FailoverState("A", "run-0", [StandbyState("run-1", b"")])
    write_checkpoint(layout, BEFORE, Checkpoint(failover=[book]))
    path = layout.checkpoint(BEFORE)
    assert path.relative_to(layout.data_dir).parts[:2] == ("tables", "carry")
    file = json.loads(path.read_bytes())
    assert set(file) == {"crc32", "checkpoint"}
    assert list(file["checkpoint"]) == [
        "deduplication",
        "checksums",
        "failover",
        "gaps",
        "books",
        "eras",
        "damaged",
    ]
    standby = {"conn": "run-1", "book": ""}
    assert file["checkpoint"]["failover"] == [{"symbol": "A", "primary": "run-0", "standbys": [standby]}]


def test_a_digit_that_the_disk_has_changed_is_not_believed(layout: Layout) -> None:
    write_checkpoint(layout, BEFORE, CHECKPOINT)
    path = layout.checkpoint(BEFORE)
    path.write_bytes(path.read_bytes().replace(b"12345", b"12745"))
    with pytest.raises(ValueError, match="checksum differs") as caught:
        read_checkpoint(layout, NEXT)
    assert str(caught.value).startswith(str(path))


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b'{"x":' + b"[" * 100_000, b'{"crc32":0,"checkpoint":{}}']
)
def test_a_checkpoint_that_is_none_is_refused_with_its_name(layout: Layout, content: bytes) -> None:
    write_checkpoint(layout, BEFORE, CHECKPOINT)
    path = layout.checkpoint(BEFORE)
    path.write_bytes(content)
    with pytest.raises(ValueError, match="cannot be read") as caught:
        read_checkpoint(layout, NEXT)
    assert str(caught.value).startswith(str(path))
