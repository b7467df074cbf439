from __future__ import annotations

from pathlib import Path

import pytest
from support.backlog import raw_file, segment, table_file

from daedalus.store.layout import NORMALIZED, READY, SYNCED, Layout
from daedalus.sync.plan import plan_uploads, synced_path


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path)


def keys(layout: Layout, *, include_raw: bool) -> list[str]:
    return [upload.key for upload in plan_uploads(layout, include_raw=include_raw)]


def test_nothing_waits_where_nothing_was_recorded(layout: Layout) -> None:
    assert plan_uploads(layout, include_raw=True) == []


def test_a_key_is_the_path_below_the_state(layout: Layout) -> None:
    source = table_file(layout, READY, segment(0), b"12345")
    (upload,) = plan_uploads(layout, include_raw=False)
    assert upload.source == source
    assert upload.key == "trades/exchange=binance/date=2026-11-23/trade-1795400000000000000.parquet"
    assert upload.bytes == 5


def test_raw_goes_below_raw_and_only_when_asked_for(layout: Layout) -> None:
    raw_file(layout, NORMALIZED, segment(0), b"raw")
    assert keys(layout, include_raw=False) == []
    name = segment(0).sealed_path.as_posix()
    assert keys(layout, include_raw=True) == [f"raw/{name}"]


def test_raw_that_is_not_normalized_waits(layout: Layout) -> None:
    raw_file(layout, READY, segment(0), b"raw")
    raw_file(layout, SYNCED, segment(1), b"raw")
    assert keys(layout, include_raw=True) == []


def test_the_oldest_segment_goes_first_whatever_its_table_and_tables_before_raw(layout: Layout) -> None:
    table_file(layout, READY, segment(2), b"", table="book_updates")
    table_file(layout, READY, segment(1, channel="depth"), b"", table="quotes", date="2026-12-01")
    table_file(layout, READY, segment(0), b"", table="trades", date="2026-12-31")
    raw_file(layout, NORMALIZED, segment(0), b"")
    order = keys(layout, include_raw=True)
    assert [key.partition("/")[0] for key in order] == ["trades", "raw", "quotes", "book_updates"]


def test_what_is_not_a_table_file_of_ours_is_left_alone(layout: Layout) -> None:
    table_file(layout, READY, segment(0), b"")
    folder = next(layout.tables(READY).rglob("date=*"))
    (folder / ".trade-1795400000000000001.parquet.77.tmp").write_bytes(b"half")
    (folder / "notes.parquet").write_bytes(b"a person's")
    assert len(keys(layout, include_raw=True)) == 1


def test_a_synced_file_keeps_its_path_below_the_state(layout: Layout) -> None:
    table_file(layout, READY, segment(0), b"")
    raw_file(layout, NORMALIZED, segment(0), b"")
    table, raw = plan_uploads(layout, include_raw=True)
    assert synced_path(layout, table) == layout.tables(SYNCED) / table.source.relative_to(
        layout.tables(READY)
    )
    assert synced_path(layout, raw) == layout.raw(SYNCED) / segment(0).sealed_path
