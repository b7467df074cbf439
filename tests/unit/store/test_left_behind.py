from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from daedalus.store import Layout, Partition, RawRecord, SegmentId
from daedalus.store.files import make_directories
from daedalus.store.left_behind import find_left_behind
from daedalus.store.segment import Segment

Row = Callable[..., RawRecord]


def leave(layout: Layout, rows: list[RawRecord], exchange: str = "binance") -> SegmentId:
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition(exchange, rows[0].channel), rows[0].recv_ns))
    segment.append(rows)
    segment.close()
    return segment.id


def damaged(layout: Layout) -> list[bytes]:
    return [path.read_bytes() for path in sorted(layout.damaged.iterdir())] if layout.damaged.is_dir() else []


def test_a_first_start_finds_nothing(layout: Layout) -> None:
    assert find_left_behind(layout, "binance") == ()


def test_what_was_left_is_found_oldest_first(layout: Layout, row: Row) -> None:
    later, earlier = leave(layout, [row(2)]), leave(layout, [row(0), row(1)])
    assert find_left_behind(layout, "binance") == (earlier, later)


def test_what_was_left_is_sealed_beside_the_recording(
    layout: Layout, writer: Any, row: Row, ready_rows: Any
) -> None:
    leave(layout, [row(0), row(1)])
    leave(layout, [row(2, channel="depth")])
    w = writer()
    w.append(row(3))
    w.work()
    assert w.close(10).unsealed == ()
    assert ready_rows(layout, "trade") == [row(0), row(1), row(3)]
    assert ready_rows(layout, "depth") == [row(2, channel="depth")]


def test_files_of_other_exchanges_are_left_alone(layout: Layout, writer: Any, row: Row) -> None:
    other = leave(layout, [row(0)], "coinbase_exchange")
    (layout.active / "coinbase_exchange.trade.1.parquet").touch()
    writer().close(10)
    assert {path.name for path in layout.active.iterdir()} == {
        other.active_name,
        "coinbase_exchange.trade.1.parquet",
    }


def test_damage_is_named_with_its_size_and_its_copy(
    layout: Layout, writer: Any, row: Row, caplog: pytest.LogCaptureFixture
) -> None:
    segment = leave(layout, [row(0)])
    with open(layout.active / segment.active_name, "ab") as file:
        file.write(b"torn")
    writer().close(10)
    assert damaged(layout) == [b"torn"]
    assert f"4 bytes of {segment.active_name} are damaged; kept as {layout.damaged}" in caplog.text


def test_a_file_that_is_none_of_ours_inside_is_kept_whole(
    layout: Layout, writer: Any, row: Row, ready_rows: Any
) -> None:
    segment = leave(layout, [row(0)])
    (layout.active / segment.active_name).write_bytes(b"\0" * 10_000)
    writer().close(10)
    assert ready_rows(layout) == []
    assert damaged(layout) == [b"\0" * 10_000]


def test_what_an_interrupted_seal_left_is_removed(layout: Layout, writer: Any, row: Row) -> None:
    segment = leave(layout, [row(0)])
    for ending in ("parquet", "tail"):
        (layout.active / f"{segment.active_name}.{ending}").touch()
    writer().close(10)
    assert list(layout.active.iterdir()) == []


def test_a_file_that_cannot_be_sealed_holds_up_its_own_partition_only(
    layout: Layout, writer: Any, row: Row, ready_rows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    stuck = leave(layout, [row(0)])
    behind_it = leave(layout, [row(2)])
    leave(layout, [row(1, channel="depth")])
    make_directories(layout.raw("ready") / "exchange=binance")
    (layout.raw("ready") / "exchange=binance" / "channel=trade").touch()
    closing = writer().close(1)
    assert closing.unsealed == (stuck, behind_it)
    assert f"cannot seal {stuck.active_name}, trying again" in caplog.text
    assert ready_rows(layout, "depth") == [row(1, channel="depth")]


@pytest.mark.parametrize("size", [0, 100])
def test_a_file_cut_off_in_its_head_leaves_nothing_but_its_bytes(
    layout: Layout, writer: Any, row: Row, size: int
) -> None:
    segment = leave(layout, [row(0)])
    path = layout.active / segment.active_name
    path.write_bytes(path.read_bytes()[:size])
    writer().close(10)
    assert [len(kept) for kept in damaged(layout)] == ([size] if size else [])


def test_what_is_no_file_is_left_where_it_is_and_told_and_holds_up_nothing(
    layout: Layout, writer: Any, row: Row, ready_rows: Any, caplog: pytest.LogCaptureFixture
) -> None:
    left = leave(layout, [row(1)])
    pipe = layout.active / SegmentId(left.partition, left.number - 1).active_name
    os.mkfifo(pipe)
    link = layout.active / SegmentId(left.partition, left.number - 2).active_name
    link.symlink_to("/dev/zero")
    (layout.active / "binance.trade.parquet").mkdir()
    assert writer().close(10).unsealed == ()
    assert ready_rows(layout) == [row(1)]
    assert f"{pipe} is not a regular file" in caplog.text
    assert f"{link} is not a regular file" in caplog.text
    assert link.is_symlink()
