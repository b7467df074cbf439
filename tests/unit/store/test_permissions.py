"""What waits behind a permission is found by whoever may not read it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.backlog import raw_file, segment, table_file

from daedalus.store.layout import READY, SYNCED, Layout
from daedalus.store.permissions import unreadable

NOBODY = 65534


@pytest.fixture
def layout() -> Iterator[Layout]:
    """A data directory that everyone may enter."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        Path(directory).chmod(0o755)
        layout = Layout(Path(directory))
        for hour in range(2):
            raw_file(layout, READY, segment(hour), b"x")
            table_file(layout, READY, segment(hour), b"x")
            table_file(layout, SYNCED, segment(hour), b"x")
        for path in layout.data_dir.rglob("*"):
            path.chmod(0o755)
        yield layout
        for path in [layout.data_dir, *layout.data_dir.rglob("*")]:
            path.chmod(0o755)


def as_one_user(look: Callable[[], list[Path]]) -> list[Path]:
    """As a user to whom permissions apply."""
    if os.geteuid() != 0:
        return look()
    os.seteuid(NOBODY)
    try:
        return look()
    finally:
        os.seteuid(0)


def test_where_all_may_be_read_nothing_is_closed(layout: Layout) -> None:
    assert as_one_user(lambda: unreadable(layout)) == []
    assert unreadable(Layout(layout.data_dir / "nowhere")) == []


@pytest.mark.parametrize(
    "place", ["raw", "tables", "raw/ready/exchange=binance", "raw/ready/exchange=binance/channel=trade"]
)
def test_a_directory_that_may_not_be_entered_is_named(layout: Layout, place: str) -> None:
    (layout.data_dir / place).chmod(0o000)
    assert as_one_user(lambda: unreadable(layout)) == [layout.data_dir / place]


def test_a_waiting_file_that_may_not_be_read_is_named_and_one_that_is_done_is_not(layout: Layout) -> None:
    waits = next(layout.tables(READY).rglob("*.parquet"))
    done = next(layout.tables(SYNCED).rglob("*.parquet"))
    waits.chmod(0o000)
    done.chmod(0o000)
    assert as_one_user(lambda: unreadable(layout)) == [waits]


def test_of_a_data_dir_that_is_not_for_this_user_nothing_is_said(layout: Layout) -> None:
    layout.data_dir.chmod(0o000)
    assert as_one_user(lambda: unreadable(layout)) == []
