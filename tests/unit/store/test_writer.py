from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from daedalus.store import READY, Layout, Partition, RawRecord

Row = Callable[..., RawRecord]
HOUR_NS = 3_600_000_000_000


def numbers(layout: Layout, channel: str = "trade") -> list[int]:
    return [segment.number for segment in layout.raw_segments(READY, Partition("binance", channel))]


def test_rows_wait_until_a_batch_is_full(writer: Any, row: Row, layout: Layout, active_rows: Any) -> None:
    w = writer(batch_size=3)
    for seq in range(2):
        w.append(row(seq))
    w.work()
    assert (w.waiting, w.stats().flushes) == (2, 0)
    for seq in range(2, 5):
        w.append(row(seq))
    w.work()
    assert (w.waiting, w.stats().flushes) == (2, 1)
    assert active_rows(layout) == [row(0), row(1), row(2)]


def test_rows_that_are_large_make_a_batch_earlier(writer: Any, row: Row) -> None:
    w = writer(batch_bytes=1000)
    w.append(row(0, payload=b"x" * 999))
    w.work()
    assert w.waiting == 1
    w.append(row(1, payload=b"x"))
    w.work()
    assert w.waiting == 0


def test_every_row_is_durable_when_the_interval_has_passed(
    writer: Any, row: Row, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    w = writer(batch_size=1)
    for channel in ("trade", "depth"):
        w.append(row(0, channel=channel))
    w.work()
    assert (w.waiting, len(synced)) == (0, 0)
    clock.advance(5)
    w.work()
    assert len(synced) == 2
    assert w.stats().last_flush_ns == clock.ns
    clock.advance(5)
    w.work()
    assert len(synced) == 2, "nothing was written since"


def test_a_flood_does_not_wait_for_the_interval_to_be_durable(
    writer: Any, row: Row, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", synced.append)
    w = writer(batch_size=1)
    w.append(row(0, payload=os.urandom(1024 * 1024)))
    w.work()
    assert (w.waiting, len(synced)) == (0, 0)
    w.append(row(1, payload=os.urandom(1024 * 1024)))
    w.work()
    assert (w.waiting, len(synced)) == (0, 1)
    w.append(row(2, payload=b"little"))
    w.work()
    assert len(synced) == 1


def test_a_closed_writer_leaves_sealed_files_only(
    writer: Any, row: Row, layout: Layout, ready_rows: Any
) -> None:
    w = writer()
    for seq in range(10):
        w.append(row(seq, channel="trade" if seq % 2 else "depth"))
    closing = w.close(10)
    assert (closing.unsealed, closing.lost, closing.reason) == ((), 0, "")
    assert [one.seq for one in ready_rows(layout, "trade")] == [1, 3, 5, 7, 9]
    assert [one.seq for one in ready_rows(layout, "depth")] == [0, 2, 4, 6, 8]
    assert list(layout.active.iterdir()) == []
    assert w.stats().segments_sealed == 2


def test_a_segment_ends_when_it_is_large(writer: Any, row: Row, layout: Layout, ready_rows: Any) -> None:
    w = writer(batch_size=10, segment_max_bytes=20_000)
    rows = [row(seq, payload=os.urandom(1000)) for seq in range(100)]
    for one in rows:
        w.append(one)
    w.work()
    w.close(10)
    assert len(numbers(layout)) == 5
    assert ready_rows(layout) == rows


def test_a_segment_holds_rows_of_one_hour_whichever_way_the_clock_goes(
    writer: Any, row: Row, layout: Layout, ready_rows: Any, clock: Any
) -> None:
    w = writer()
    hours = [0, 0, 1, 1, 0, 3, 2, 2]
    rows = [row(seq, recv_ns=clock.ns + hour * HOUR_NS + seq) for seq, hour in enumerate(hours)]
    for one in rows:
        w.append(one)
    w.close(10)
    assert ready_rows(layout) == rows
    found = numbers(layout)
    assert len(found) == 5
    assert found == sorted(set(found))
    assert [number // HOUR_NS - clock.ns // HOUR_NS for number in found] == [0, 1, 1, 3, 3]


def test_numbers_go_on_after_what_earlier_writers_left_in_any_state(
    writer: Any, row: Row, layout: Layout
) -> None:
    for seq in range(4):
        w = writer()
        w.append(row(seq, recv_ns=1_790_000_000_000_000_000 - seq))
        w.close(10)
    assert numbers(layout) == [1_790_000_000_000_000_000 + n for n in range(4)]


def test_a_segment_of_a_past_hour_is_sealed_although_nothing_comes(
    writer: Any, row: Row, clock: Any, layout: Layout, ready_rows: Any
) -> None:
    w = writer()
    w.append(row(0))
    clock.advance(6)
    w.work()
    assert w.stats().active_segments == 1
    clock.advance(3600)
    w.work()
    assert w.stats().active_segments == 0
    w.close(10)
    assert ready_rows(layout) == [row(0)]


def test_the_first_hour_ends_with_its_last_rows_in_it(
    writer: Any, row: Row, clock: Any, layout: Layout, ready_rows: Any
) -> None:
    w = writer()
    last = clock.ns + HOUR_NS - 1
    w.append(row(0, recv_ns=last))
    clock.advance(3602)
    w.append(row(1, recv_ns=last + 1))
    w.work()
    w.close(10)
    assert numbers(layout) == [last, last + 1]


def test_cleaning_up_forgets_old_hours_and_idle_partitions(
    writer: Any, row: Row, clock: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    w = writer()
    w.append(row(0))
    w.append(row(1, channel="depth"))
    clock.advance(6)
    w.work()
    assert w.stats().rows_this_hour == {"trade": 1, "depth": 1}
    clock.advance(3 * 3600)
    w.append(row(2, recv_ns=clock.ns))
    w.work()
    stats = w.stats()
    assert (stats.memory_cleanups, stats.gc_collections) == (1, 1)
    assert (stats.stale_counters_cleaned, stats.stale_buffers_cleaned) == (2, 1)
    lines = [one.getMessage() for one in caplog.records if "Memory cleanup" in one.getMessage()]
    assert len(lines) == 1
    assert lines[0].startswith(
        "[StreamingParquetWriter] Memory cleanup: counters=1, buffers=1, segments=1, gc_collected="
    )
    clock.advance(200)
    w.work()
    assert w.stats().memory_cleanups == 1
    w.close(10)


def test_rows_appended_by_another_thread_keep_their_order(
    writer: Any, row: Row, layout: Layout, ready_rows: Any
) -> None:
    w = writer(batch_size=100)
    rows = [row(seq) for seq in range(20_000)]

    def receive() -> None:
        for one in rows:
            w.append(one)

    thread = threading.Thread(target=receive)
    thread.start()
    while thread.is_alive():
        w.work()
    w.close(10)
    assert ready_rows(layout) == rows


ROTATING = """
import sys, time
import psutil
from pathlib import Path
from daedalus.store import Layout, RawRecord, StreamingParquetWriter, WriterLimits
limits = WriterLimits(min_free_bytes=0, batch_size=100, segment_max_bytes=1, max_unsealed=10_000)
writer = StreamingParquetWriter(Layout(Path(sys.argv[1])), "binance", limits)
writer.recover()
for step in range(90):
    for seq in range(1000):
        writer.append(RawRecord(time.time_ns(), "c", seq, "message", "trade", "X", b"%d" % seq * 5))
    writer.work()
    while writer.stats().unsealed > 20:
        time.sleep(0.01)
    if step in (29, 89):
        print(psutil.Process().memory_info().rss, flush=True)
writer.close(10)
"""


def test_memory_stays_flat_over_many_rotations(layout: Layout) -> None:
    # In a process of its own: what other tests leave to be freed would be measured too.
    command = [sys.executable, "-c", ROTATING, str(layout.data_dir)]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    early, late = map(int, run.stdout.split())
    assert len(numbers(layout)) == 900
    assert late - early < 4_000_000


CHILD = """
import sys, time
from pathlib import Path
from daedalus.store import Layout, RawRecord, StreamingParquetWriter, WriterLimits
limits = WriterLimits(min_free_bytes=0, batch_size=50, flush_interval_seconds=0.02, segment_max_bytes=60_000)
writer = StreamingParquetWriter(Layout(Path(sys.argv[1])), "binance", limits)
writer.recover()
for seq in range(10**9):
    writer.append(RawRecord(time.time_ns(), "c", seq, "message", "trade", "X", b"%d" % seq * 20))
    if seq % 20 == 0:
        writer.work()
        print(writer.stats().rows_written, flush=True)
"""


@pytest.mark.parametrize("lines", [1, 40, 400])
def test_after_kill_9_every_row_that_was_written_is_recovered_once(
    writer: Any, layout: Layout, ready_rows: Any, lines: int
) -> None:
    command = [sys.executable, "-c", CHILD, str(layout.data_dir)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        written = [int(child.stdout.readline()) for _ in range(lines)][-1]
        child.send_signal(signal.SIGKILL)
        child.wait()
    writer().close(10)
    rows = [one.seq for one in ready_rows(layout)]
    assert rows == list(range(len(rows)))
    assert len(rows) >= written
    assert list(layout.active.iterdir()) == []
