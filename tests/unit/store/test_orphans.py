"""What a killed recorder left of an exchange that nobody records any more is sealed all the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from daedalus.store import Layout, Partition, RawRecord, SegmentId, WorkerLock
from daedalus.store.files import make_directories
from daedalus.store.left_behind import orphaned_exchanges, seal_orphans
from daedalus.store.segment import Segment

Row = Callable[..., RawRecord]


def leave(layout: Layout, row: RawRecord, exchange: str) -> SegmentId:
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition(exchange, row.channel), row.recv_ns))
    segment.append([row])
    segment.close()
    return segment.id


def test_what_nobody_records_is_sealed_and_the_rest_is_left_to_its_recorder(layout: Layout, row: Row) -> None:
    assert seal_orphans(layout, ["binance"]) == []
    kept = leave(layout, row(0), "binance")
    left = [leave(layout, row(1), "kraken"), leave(layout, row(2), "kraken"), leave(layout, row(3), "okx")]
    assert orphaned_exchanges(layout, ["binance"]) == ["kraken", "okx"]
    assert seal_orphans(layout, ["binance"]) == left
    assert layout.raw_segments("ready") == left
    assert [path.name for path in layout.active.iterdir()] == [kept.active_name]
    assert orphaned_exchanges(layout, ["binance"]) == []


def test_what_a_recorder_writes_now_is_not_touched(layout: Layout, row: Row) -> None:
    leave(layout, row(0), "kraken")
    with WorkerLock(layout, "ingest-kraken"):
        assert seal_orphans(layout, ["binance"]) == []
    assert layout.raw_segments("ready") == []


def test_one_exchange_that_cannot_be_sealed_holds_up_no_other(
    layout: Layout, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, fine = leave(layout, row(0), "kraken"), leave(layout, row(1), "okx")
    make_directories(layout.raw("ready"))
    (layout.raw("ready") / "exchange=kraken").touch()
    os.mkfifo(layout.active / SegmentId(fine.partition, fine.number + 1).active_name)
    assert seal_orphans(layout, []) == [fine]
    assert "files of kraken cannot be sealed and wait" in caplog.text
    assert (layout.active / stuck.active_name).exists()


def test_a_stop_leaves_the_file_as_it_was(layout: Layout, row: Row) -> None:
    left = leave(layout, row(0), "kraken")
    assert seal_orphans(layout, [], cancelled=lambda: True) == []
    assert (layout.active / left.active_name).exists()
    _: Any = seal_orphans(layout, [])
    assert layout.raw_segments("ready") == [left]
