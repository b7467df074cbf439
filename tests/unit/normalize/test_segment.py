from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from daedalus.normalize import normalize_ready, read, write
from daedalus.store import files
from daedalus.store.layout import NORMALIZED, READY, SYNCED, Layout
from daedalus.tables.registry import TABLES

HOUR = 3_600_000_000_000
BEGIN = 1_790_000_000
FIRST = BEGIN * 1_000_000_000


class Killed(BaseException):
    """Stands for kill -9: nothing after it is done."""


def seal_two(layout: Layout, trades: Any) -> None:
    trades([1, 2, 3, 7]).seal(layout, FIRST)
    trades([3, 7, 8, 5]).seal(layout, FIRST + HOUR)


def test_a_segment_becomes_tables_and_moves_on(layout: Layout, trades: Any, content: Any) -> None:
    seal_two(layout, trades)
    progress = normalize_ready(layout)
    assert (progress.segments, progress.rows, progress.duplicates, progress.gaps) == (2, 6, 2, 1)
    assert sorted(content(layout.tables(READY))) == [
        f"gaps/exchange=binance/date=2026-09-21/trade-{FIRST}.parquet",
        f"trades/exchange=binance/date=2026-09-21/trade-{FIRST}.parquet",
        f"trades/exchange=binance/date=2026-09-21/trade-{FIRST + HOUR}.parquet",
    ]
    assert not layout.raw_segments(READY)
    assert len(layout.raw_segments(NORMALIZED)) == 2
    assert not content(layout.tables_active)


def test_table_files_have_their_schema_checksums_and_no_partition_columns(
    layout: Layout, trades: Any
) -> None:
    seal_two(layout, trades)
    normalize_ready(layout)
    for path in layout.tables(READY).rglob("*.parquet"):
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            assert file.schema_arrow.equals(TABLES[path.relative_to(layout.tables(READY)).parts[0]].schema)
            file.read()


def test_a_kill_between_any_two_steps_changes_nothing(
    layout: Layout, trades: Any, content: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Layout(tmp_path / "whole")
    seal_two(whole, trades)
    normalize_ready(whole)
    expected = content(whole.data_dir)
    steps = 0

    def killed_at(number: int) -> bool:
        """Run with a kill before the given step on the disk; False if there are fewer steps."""
        nonlocal steps
        steps = 0
        real_replace, real_fsync, real_write = os.replace, os.fsync, write._write

        def count(real: Any) -> Any:
            def step(*arguments: Any, **named: Any) -> Any:
                nonlocal steps
                steps += 1
                if steps == number:
                    raise Killed
                return real(*arguments, **named)

            return step

        with monkeypatch.context() as patched:
            patched.setattr(files.os, "replace", count(real_replace))
            patched.setattr(files.os, "fsync", count(real_fsync))
            patched.setattr(write, "_write", count(real_write))
            try:
                normalize_ready(each)
            except Killed:
                return True
        return False

    number = 1
    while True:
        each = Layout(tmp_path / f"killed{number}")
        seal_two(each, trades)
        if not killed_at(number):
            break
        killed_at(3)  # and once more, while it does the same again
        normalize_ready(each)
        left = content(each.data_dir)
        rest = {name: data for name, data in left.items() if "/active/" in name or name.endswith(".tmp")}
        assert {name: data for name, data in left.items() if name not in rest} == expected, number
        number += 1
    assert number > 15


def test_doing_a_segment_again_after_its_tables_were_uploaded_brings_nothing_back(
    layout: Layout, trades: Any, content: Any
) -> None:
    seal_two(layout, trades)
    normalize_ready(layout)
    uploaded = content(layout.tables(READY))
    layout.tables(READY).rename(layout.tables(SYNCED))
    layout.raw(READY).rename(layout.data_dir / "empty")
    layout.raw(NORMALIZED).rename(layout.raw(READY))
    normalize_ready(layout)
    assert content(layout.tables(READY)) == {}
    assert content(layout.tables(SYNCED)) == uploaded


def test_an_older_segment_that_comes_late_starts_from_the_carry_before_it(
    layout: Layout, trades: Any, content: Any, tmp_path: Path
) -> None:
    trades([1, 2, 3]).seal(layout, FIRST)
    trades([8, 9]).seal(layout, FIRST + 2 * HOUR)
    normalize_ready(layout)
    trades([3, 4]).seal(layout, FIRST + HOUR)
    progress = normalize_ready(layout)
    assert (progress.rows, progress.duplicates, progress.gaps) == (1, 1, 0)


def test_a_file_that_cannot_be_read_is_set_aside_and_told_and_the_others_go_on(
    layout: Layout, trades: Any, content: Any
) -> None:
    trades([1, 2]).seal(layout, FIRST)
    broken = trades([3, 4]).seal(layout, FIRST + HOUR)
    trades([5, 6]).seal(layout, FIRST + 2 * HOUR)
    path = layout.raw(READY) / broken.sealed_path
    damage = bytearray(path.read_bytes())
    damage[10:60] = bytes(50)
    path.write_bytes(damage)
    progress = normalize_ready(layout)
    assert (progress.segments, progress.damaged, progress.gaps) == (2, 1, 1)
    assert content(layout.damaged) == {f"binance.trade.{FIRST + HOUR}.parquet": bytes(damage)}
    (gaps,) = (layout.tables(READY) / "gaps").rglob("*.parquet")
    (gap,) = pq.read_table(gaps, partitioning=None).to_pylist()
    assert (gap["from_id"], gap["to_id"], gap["missing"]) == (2, 5, 2)


def test_where_a_file_says_that_rows_were_lost_the_ledger_says_so_too(layout: Layout, tape: Any) -> None:
    quotes = tape("coinbase_exchange", "ticker")
    quotes.subscribed(0, "start")
    for at in range(1, 6):
        quotes.ticker(at, 100 * at)
    quotes.seal(layout, FIRST, damage=[3, 6])
    later = tape("coinbase_exchange", "ticker")
    later.ticker(9, 900)
    later.seal(layout, FIRST + HOUR)
    assert normalize_ready(layout).gaps == 2
    gaps = [
        (gap["from_timestamp"].timestamp() - BEGIN, gap["to_timestamp"].timestamp() - BEGIN, gap["cause"])
        for path in (layout.tables(READY) / "gaps").rglob("*.parquet")
        for gap in pq.read_table(path, partitioning=None).to_pylist()
    ]
    assert sorted(gaps) == [(2, 3, "damaged"), (5, 9, "damaged")]


def test_a_file_whose_headers_hide_rows_is_damaged(layout: Layout, trades: Any) -> None:
    segment = trades(range(1, 40)).seal(layout, FIRST)
    path = layout.raw(READY) / segment.sealed_path
    whole = path.read_bytes()
    damaged = 0
    for place in range(4, len(whole) - 8):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 8]) + whole[place + 1 :])
        try:
            rows = list(read._read_rows(path))
        except read.DamagedSegmentError:
            damaged += 1
        else:
            assert sum(map(len, rows)) == 39, f"byte {place}"
    assert damaged


@pytest.mark.parametrize("damage", [b"", b"PAR1", b"not parquet at all" * 100])
def test_files_that_are_no_parquet_are_set_aside(layout: Layout, trades: Any, damage: bytes) -> None:
    broken = trades([3, 4]).seal(layout, FIRST)
    (layout.raw(READY) / broken.sealed_path).write_bytes(damage)
    assert normalize_ready(layout).damaged == 1
    assert not layout.raw_segments(READY)
