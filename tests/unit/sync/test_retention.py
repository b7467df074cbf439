from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.backlog import raw_file, segment, table_file, tree

from daedalus.store.layout import NORMALIZED, READY, SYNCED, Layout
from daedalus.sync.retention import (
    Budget,
    Deletable,
    Usage,
    apply_retention,
    decide,
    survey,
)

NOTHING_MAY_STAY = Budget(total_bytes=0)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    for state in (READY, NORMALIZED, SYNCED):
        Layout(tmp_path).raw(state).mkdir(parents=True)
    return Layout(tmp_path)


def names(layout: Layout) -> list[str]:
    return sorted(path.relative_to(layout.data_dir).parts[1] for path in layout.data_dir.rglob("*.parquet"))


def test_without_a_budget_everything_is_kept(layout: Layout) -> None:
    table_file(layout, SYNCED, segment(0), b"x")
    assert apply_retention(layout, Budget(), include_raw=False).deleted_files == 0
    assert names(layout) == [SYNCED]


def test_no_more_is_deleted_than_the_budget_asks_for_oldest_first() -> None:
    files = tuple(Deletable(Path(name), 10) for name in "abcd")
    usage = Usage(used_bytes=100, free_bytes=50, deletable=files)
    assert decide(usage, Budget(total_bytes=100)) == ()
    assert decide(usage, Budget(total_bytes=85)) == files[:2]
    assert decide(usage, Budget(min_free_bytes=51)) == files[:1]
    assert decide(usage, Budget(total_bytes=85, min_free_bytes=80)) == files[:3]
    assert decide(usage, Budget(total_bytes=1)) == files


def test_the_oldest_segment_goes_first_raw_before_its_tables(layout: Layout) -> None:
    expected = [
        raw_file(layout, SYNCED, segment(0), b"x"),
        table_file(layout, SYNCED, segment(0), b"x"),
        raw_file(layout, NORMALIZED, segment(1), b"x"),
        table_file(layout, SYNCED, segment(1), b"x"),
        table_file(layout, SYNCED, segment(1), b"x", table="gaps"),
    ]
    found = survey(layout, include_raw=False).deletable
    assert {file.path for file in found[3:]} == set(expected[3:])
    assert [file.path for file in found[:3]] == expected[:3]


def test_normalized_raw_is_kept_while_a_table_of_its_segment_waits(layout: Layout) -> None:
    raw = raw_file(layout, NORMALIZED, segment(0), b"x")
    table_file(layout, SYNCED, segment(0), b"x")
    waiting = table_file(layout, READY, segment(0), b"x", table="gaps")
    apply_retention(layout, NOTHING_MAY_STAY, include_raw=False)
    assert raw.exists()
    waiting.unlink()
    apply_retention(layout, NOTHING_MAY_STAY, include_raw=False)
    assert not raw.exists()


def test_normalized_raw_is_kept_where_raw_belongs_into_the_lake(layout: Layout) -> None:
    raw = raw_file(layout, NORMALIZED, segment(0), b"x")
    apply_retention(layout, NOTHING_MAY_STAY, include_raw=True)
    assert raw.exists()


def test_what_normalize_remembers_is_not_touched(layout: Layout) -> None:
    checkpoint = layout.checkpoint(segment(0))
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_text("{}")
    apply_retention(layout, NOTHING_MAY_STAY, include_raw=False, now=9e9)
    assert checkpoint.exists()


def test_it_says_by_how_much_unsynced_data_exceeds_the_budget(layout: Layout) -> None:
    raw_file(layout, READY, segment(0), b"x" * 100_000)
    table_file(layout, SYNCED, segment(0), b"x" * 100_000)
    report = apply_retention(layout, Budget(total_bytes=40_000), include_raw=False)
    assert report.deleted_files == 1
    assert report.over_budget_bytes == report.used_bytes - 40_000 >= 60_000


def test_a_lake_inside_data_dir_does_not_count(layout: Layout) -> None:
    table_file(layout, SYNCED, segment(0), b"x")
    before = survey(layout, include_raw=False).used_bytes
    (layout.data_dir / "lake").mkdir()
    (layout.data_dir / "lake" / "big.parquet").write_bytes(b"x" * 1_000_000)
    assert survey(layout, include_raw=False).used_bytes == before


def test_old_empty_directories_are_swept_and_young_ones_stay(layout: Layout) -> None:
    old = raw_file(layout, READY, segment(0), b"x")
    young = raw_file(layout, READY, segment(5), b"x")
    kept = raw_file(layout, READY, segment(9), b"x")
    long_ago = old.parent.stat().st_mtime - 7 * 3600
    old.unlink()
    young.unlink()
    os.utime(old.parent, (long_ago, long_ago))
    apply_retention(layout, Budget(), include_raw=False)
    assert not old.parent.exists()
    assert young.parent.exists()
    assert kept.exists()
    assert layout.raw(READY).exists()


FILES = st.lists(
    st.tuples(
        st.sampled_from(
            ["raw/ready", "raw/normalized", "raw/synced", "tables/ready", "tables/synced", "tables/active"]
        ),
        st.integers(0, 4),
        st.sampled_from(["trade", "depth"]),
        st.sampled_from(["trades", "gaps"]),
        st.integers(0, 20_000),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None)
@given(FILES, st.booleans(), st.integers(0, 200_000))
def test_what_is_not_synced_is_never_deleted(
    files: list[tuple[str, int, str, str, int]], include_raw: bool, budget: int
) -> None:
    root = Path(tempfile.mkdtemp(prefix="retention-"))
    try:
        layout = Layout(root)
        layout.raw(READY).mkdir(parents=True)
        for place, hour, channel, table, size in files:
            kind, state = place.split("/")
            if kind == "raw":
                raw_file(layout, state, segment(hour, channel), b"x" * size)
            else:
                table_file(layout, state, segment(hour, channel), b"x" * size, table=table)
        before = tree(root)
        report = apply_retention(layout, Budget(total_bytes=budget), include_raw=include_raw, now=9e9)
        after = tree(root)
        gone = set(before) - set(after)
        assert len(gone) == report.deleted_files
        assert after.items() <= before.items()
        for name in gone:
            number = name.rpartition("/")[2].removesuffix(".parquet").rpartition("-")[2]
            channel = "depth" if "depth" in name else "trade"
            waits = [
                other
                for other in before
                if other.startswith("tables/ready/") and f"/{channel}-{number}" in other
            ]
            synced = name.startswith(("raw/synced/", "tables/synced/"))
            assert synced or (name.startswith("raw/normalized/") and not include_raw and not waits)
        if report.over_budget_bytes:
            left = survey(layout, include_raw=include_raw).deletable
            assert left == ()
    finally:
        shutil.rmtree(root)
