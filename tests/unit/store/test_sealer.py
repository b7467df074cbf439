from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

import pytest

from daedalus.store import READY, Layout, Partition, RawRecord, SegmentId
from daedalus.store import seal as seal_module
from daedalus.store import sealer as module
from daedalus.store.files import make_directories
from daedalus.store.sealer import Sealer
from daedalus.store.segment import Segment

Row = Callable[..., RawRecord]


@pytest.fixture
def closed(layout: Layout, row: Row) -> Callable[[int], SegmentId]:
    """Makes a closed active file with the row of this number."""

    def make(seq: int) -> SegmentId:
        make_directories(layout.active)
        segment = Segment(layout.active, SegmentId(Partition("binance", "trade"), row(seq).recv_ns))
        segment.append([row(seq)])
        segment.close()
        return segment.id

    return make


def test_segments_are_sealed_in_the_order_in_which_they_came(
    layout: Layout, closed: Any, row: Row, ready_rows: Any
) -> None:
    sealer = Sealer(layout)
    for seq in range(5):
        sealer.put(closed(seq))
    assert sealer.finish(10) == ()
    assert (sealer.sealed, sealer.backlog, sealer.trouble) == (5, 0, None)
    assert ready_rows(layout) == [row(seq) for seq in range(5)]


def test_a_seal_that_fails_is_tried_again_and_says_why_meanwhile(
    layout: Layout, closed: Any, row: Row, ready_rows: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    caplog.set_level(logging.WARNING)
    segment = closed(0)
    layout.raw(READY).write_text("in the way")
    sealer = Sealer(layout)
    sealer.put(segment)
    while sealer.trouble is None:
        threading.Event().wait(0.005)
    assert str(layout.raw(READY)) in sealer.trouble
    layout.raw(READY).unlink()
    assert sealer.finish(10) == ()
    assert ready_rows(layout) == [row(0)]
    assert caplog.text.count("cannot seal") == 1


def test_an_error_nobody_thought_of_does_not_end_the_thread(
    layout: Layout, closed: Any, monkeypatch: Any, caplog: Any
) -> None:
    monkeypatch.setattr(module, "_RETRY_SECONDS", 0.01)
    real, calls = seal_module.seal, []

    def seal(*args: Any, **kwargs: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise ZeroDivisionError
        return real(*args, **kwargs)

    monkeypatch.setattr(module, "seal", seal)
    sealer = Sealer(layout)
    sealer.put(closed(0))
    assert sealer.finish(10) == ()
    assert sealer.sealed == 1


def test_damage_in_a_segment_is_reported(layout: Layout, closed: Any, caplog: Any) -> None:
    segment = closed(0)
    with open(layout.active / segment.active_name, "ab") as file:
        file.write(b"torn")
    sealer = Sealer(layout)
    sealer.put(segment)
    assert sealer.finish(10) == ()
    assert f"bytes of {segment.active_name} are damaged" in caplog.text


def test_sealing_gives_way_to_receiving(layout: Layout, closed: Any) -> None:
    sealer = Sealer(layout)
    sealer.put(closed(0))
    (thread,) = (one for one in threading.enumerate() if one.name == "sealer")
    assert thread.native_id is not None
    while sealer.backlog:
        threading.Event().wait(0.005)
    assert os.getpriority(os.PRIO_PROCESS, thread.native_id) > os.getpriority(os.PRIO_PROCESS, os.getpid())
    sealer.finish(1)
