from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from daedalus.store import Layout, Partition, RawRecord, Recovery, SegmentId
from daedalus.store.files import make_directories
from daedalus.store.recovery import recover
from daedalus.store.segment import Segment

Row = Callable[..., RawRecord]


def leave(layout: Layout, rows: list[RawRecord], exchange: str = "binance") -> SegmentId:
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition(exchange, rows[0].channel), rows[0].recv_ns))
    segment.append(rows)
    segment.close()
    return segment.id


def test_a_first_start_finds_nothing(layout: Layout) -> None:
    assert recover(layout, "binance") == Recovery()


def test_what_was_left_is_sealed_and_counted(layout: Layout, row: Row, ready_rows: Any) -> None:
    leave(layout, [row(0), row(1)])
    leave(layout, [row(2, channel="depth")])
    recovery = recover(layout, "binance")
    assert (recovery.segments, recovery.rows, recovery.newest_ns) == (2, 3, row(2).recv_ns)
    assert (recovery.notes, recovery.damaged, recovery.unsealed) == ((), (), ())
    assert ready_rows(layout, "trade") == [row(0), row(1)]
    assert ready_rows(layout, "depth") == [row(2, channel="depth")]


def test_files_of_other_exchanges_are_left_alone(layout: Layout, row: Row) -> None:
    other = leave(layout, [row(0)], "coinbase_exchange")
    (layout.active / "coinbase_exchange.trade.1.parquet").touch()
    recover(layout, "binance")
    assert {path.name for path in layout.active.iterdir()} == {
        other.active_name,
        "coinbase_exchange.trade.1.parquet",
    }


def test_damage_is_named_with_its_size_and_its_copy(layout: Layout, row: Row) -> None:
    segment = leave(layout, [row(0)])
    with open(layout.active / segment.active_name, "ab") as file:
        file.write(b"torn")
    recovery = recover(layout, "binance")
    (note,) = recovery.notes
    assert note.startswith(f"4 bytes of {segment.active_name} ")
    assert str(recovery.damaged[0]) in note


def test_a_file_that_is_none_of_ours_inside_is_kept_whole(layout: Layout, row: Row) -> None:
    segment = leave(layout, [row(0)])
    (layout.active / segment.active_name).write_bytes(b"\0" * 10_000)
    recovery = recover(layout, "binance")
    assert recovery.rows == 0
    assert [path.read_bytes() for path in recovery.damaged] == [b"\0" * 10_000]


def test_what_an_interrupted_seal_left_is_removed(layout: Layout, row: Row) -> None:
    segment = leave(layout, [row(0)])
    for ending in ("parquet", "tail"):
        (layout.active / f"{segment.active_name}.{ending}").touch()
    recover(layout, "binance")
    assert list(layout.active.iterdir()) == []


def test_a_file_that_cannot_be_sealed_holds_up_its_own_partition_only(
    layout: Layout, row: Row, ready_rows: Any
) -> None:
    stuck = leave(layout, [row(0)])
    behind_it = leave(layout, [row(2)])
    leave(layout, [row(1, channel="depth")])
    make_directories(layout.raw("ready") / "exchange=binance")
    (layout.raw("ready") / "exchange=binance" / "channel=trade").touch()
    recovery = recover(layout, "binance")
    assert recovery.unsealed == (stuck, behind_it)
    assert recovery.notes[0].startswith(f"{stuck.active_name} is not sealed yet: ")
    assert ready_rows(layout, "depth") == [row(1, channel="depth")]


@pytest.mark.parametrize("size", [0, 100])
def test_a_file_cut_off_in_its_head_leaves_nothing_but_its_bytes(layout: Layout, row: Row, size: int) -> None:
    segment = leave(layout, [row(0)])
    path = layout.active / segment.active_name
    path.write_bytes(path.read_bytes()[:size])
    assert [kept.stat().st_size for kept in recover(layout, "binance").damaged] == ([size] if size else [])
