from __future__ import annotations

import errno
import itertools
import os
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daedalus.store import READY, Layout, RawRecord

Row = Callable[..., RawRecord]


def test_a_full_disk_holds_rows_back_in_order_until_there_is_room(
    small_disk: Path, writer: Any, row: Row, clock: Any, ready_rows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    layout = Layout(small_disk)
    w = writer(layout, batch_size=10)
    rows = [row(seq, payload=os.urandom(5000)) for seq in range(400)]
    for one in rows:
        w.append(one)
    for _ in range(50):
        w.work()
        clock.advance(0.2)
    assert w.blocked.startswith(f"no space left on {small_disk}: ")
    assert 0 < w.waiting < 400
    assert len([record for record in caplog.records if "held up" in record.message]) == 1
    subprocess.run(["mount", "-o", "remount,size=16m", small_disk], check=True)
    clock.advance(1)
    w.work()
    assert w.blocked is None
    assert "recording goes on" in caplog.text
    assert w.close(10).lost == 0
    assert ready_rows(layout) == rows


def test_a_disk_turned_read_only_holds_rows_back_until_it_is_not(
    small_disk: Path, writer: Any, row: Row, clock: Any, ready_rows: Any
) -> None:
    layout = Layout(small_disk)
    w = writer(layout, batch_size=1)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    w.append(row(0))
    w.work()
    assert "read-only" in w.blocked
    assert w.waiting == 1
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    clock.advance(1)
    w.work()
    assert (w.blocked, w.waiting) == (None, 0)
    w.close(10)
    assert ready_rows(layout) == [row(0)]


def test_files_swept_away_under_a_writer_cost_what_was_in_them_and_no_more(
    writer: Any, row: Row, layout: Layout, clock: Any, ready_rows: Any
) -> None:
    w = writer(layout, batch_size=1)
    for seq in range(4):
        w.append(row(seq))
        w.work()
        clock.advance(6)
        if seq == 1:
            shutil.rmtree(layout.active)
    assert w.blocked is None
    assert w.close(10).lost == 0
    # The row with which it was noticed went into a file that was no longer there.
    assert ready_rows(layout) == [row(3)]
    assert list(layout.active.iterdir()) == []


def test_below_the_floor_of_free_space_nothing_is_written_but_at_the_end(
    writer: Any, row: Row, layout: Layout, ready_rows: Any
) -> None:
    w = writer(min_free_bytes=2**62, batch_size=1)
    w.append(row(0))
    w.work()
    assert w.blocked.startswith(f"little space left on {layout.data_dir}")
    assert w.waiting == 1
    assert w.close(10).lost == 0
    assert ready_rows(layout) == [row(0)]


@pytest.mark.parametrize("call", ["pwrite", "fdatasync", "open", "ftruncate"])
def test_a_call_that_fails_is_made_again_after_a_second(
    writer: Any, row: Row, clock: Any, layout: Layout, ready_rows: Any, monkeypatch: Any, call: str
) -> None:
    w = writer(batch_size=1)
    w.append(row(0))
    clock.advance(5)
    real, attempts = getattr(os, call), itertools.count()

    def fail(*args: Any, **kwargs: Any) -> Any:
        if threading.current_thread().name == "sealer":
            return real(*args, **kwargs)
        next(attempts)
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, call, fail)
        for _ in range(9):
            w.work()
            clock.advance(0.125)
        if call != "ftruncate":  # only called after a failure
            assert "disk failed" in w.blocked
            assert next(attempts) == 2
    clock.advance(1)
    w.append(row(1))
    w.work()
    assert w.blocked is None
    w.close(10)
    assert ready_rows(layout) == [row(0), row(1)]


def test_when_sealing_does_not_get_on_recording_does_until_the_bound(
    writer: Any, row: Row, layout: Layout, ready_rows: Any, clock: Any
) -> None:
    layout.raw(READY).parent.mkdir(parents=True, exist_ok=True)
    layout.raw(READY).write_text("in the way")
    w = writer(batch_size=1, segment_max_bytes=1, max_unsealed=3)
    for seq in range(5):
        w.append(row(seq))
    w.work()
    assert w.waiting == 2
    assert "3 segments wait to be sealed" in w.blocked
    closing = w.close(0.3)
    assert closing.lost == 2
    assert len(closing.unsealed) == 3
    assert closing.reason
    layout.raw(READY).unlink()
    writer().close(10)
    assert ready_rows(layout) == [row(0), row(1), row(2)]


def test_what_cannot_be_sealed_in_time_is_sealed_at_the_next_start(
    writer: Any, row: Row, layout: Layout, ready_rows: Any
) -> None:
    layout.raw(READY).parent.mkdir(parents=True)
    layout.raw(READY).write_text("in the way")
    w = writer()
    w.append(row(0))
    closing = w.close(0.2)
    assert [segment.partition.channel for segment in closing.unsealed] == ["trade"]
    assert closing.lost == 0
    assert closing.reason
    w = writer()
    assert w.stats().unsealed == 1, "what was left waits for the sealing thread"
    w.close(0.1)
    layout.raw(READY).unlink()
    writer().close(10)
    assert ready_rows(layout) == [row(0)]
