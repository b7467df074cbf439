"""What the tests of transfer and worker share: a data directory, and a lake in a folder beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.store.layout import Layout
from daedalus.sync import SyncSettings


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def settings(tmp_path: Path) -> SyncSettings:
    return SyncSettings(
        target=str(tmp_path / "lake"),
        include_raw=True,
        interval_seconds=0.05,
        backoff_seconds=0.01,
        backoff_max_seconds=0.05,
        status_seconds=0.02,
    )
