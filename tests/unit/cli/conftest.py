"""What the command line's tests share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("daedalus")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.fixture
def config(tmp_path: Path) -> str:
    """A configuration of one exchange, whose data lie in the test's own folder."""
    path = tmp_path / "config.yaml"
    path.write_text(f"data_dir: {tmp_path}/data\nexchanges: {{binance: {{symbols: [BTCUSDT]}}}}\n")
    return str(path)
