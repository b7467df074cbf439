"""What the command line's tests share."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.lake_workbench import Recording


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


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration but the test's own, and a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAEDALUS_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "240")


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """Trades of which ten are missing, and a book, all of one symbol."""
    recording = Recording(tmp_path / "one")
    recording.opened(0, ["depth", "trade"])
    recording.trades([*range(1, 50), *range(60, 101)])
    recording.depths(1, 200, at=1)
    recording.snapshot(5.5, 5)
    return recording
