"""What a demonstration may delete, and whom it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.config import ConfigError
from daedalus.run.demo_directory import CONFIG, MARK, claimed, clear
from daedalus.store.lock import AlreadyRunningError
from daedalus.sync.known_lake import MEMORY


def test_a_directory_of_somebody_else_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    place = tmp_path / "demo"
    (place / "raw").mkdir(parents=True)
    (place / "raw" / "notes.txt").write_text("precious")
    with pytest.raises(ConfigError, match="contains files that no demonstration made"), claimed(place):
        pass
    assert [path.name for path in sorted(place.rglob("*"))] == ["raw", "notes.txt"]


def test_what_a_demonstration_recorded_goes_and_what_somebody_put_there_stays(tmp_path: Path) -> None:
    place = tmp_path / "data" / "demo"
    with claimed(place) as layout:
        clear(layout)
    for made in (
        "raw/ready/a.parquet",
        "tables/ready/a.parquet",
        "lake/trades/a.parquet",
        "status/sync.json",
        MEMORY,
    ):
        (place / made).parent.mkdir(parents=True, exist_ok=True)
        (place / made).write_text("")
    (place / CONFIG).write_text("")
    (place / "notes.txt").write_text("precious")
    with claimed(place) as layout:
        clear(layout)
    left = {str(path.relative_to(place)) for path in place.rglob("*") if path.suffix != ".lock"}
    assert left == {MARK, "notes.txt", "status"}


def test_a_link_to_somebody_elses_directory_is_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "lake" / "trades.parquet").write_text("precious")
    with claimed(tmp_path / "demo") as layout:
        (tmp_path / "demo" / "lake").symlink_to(tmp_path / "lake")
        clear(layout)
    assert (tmp_path / "lake" / "trades.parquet").read_text() == "precious"


def test_two_at_once_are_not_in_one_directory(tmp_path: Path) -> None:
    with claimed(tmp_path / "demo"), pytest.raises(AlreadyRunningError), claimed(tmp_path / "demo"):
        pass
