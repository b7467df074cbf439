"""The command lake merge: what becomes of two lakes, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.lake_workbench import Recording, files
from typer.testing import CliRunner, Result

from daedalus.cli import app

pytestmark = pytest.mark.usefixtures("alone")


def daedalus(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_two_lakes_become_one(recording: Recording, tmp_path: Path) -> None:
    other = Recording(tmp_path / "two", late=0.02)
    other.trades(range(40, 120), at=39)
    first, second, out = recording.seal(), other.seal(), tmp_path / "out"
    done = daedalus("lake", "merge", first, second, out)
    assert done.exit_code == 0, done.stderr
    assert "gaps that one lake filled for the other: 1; gaps in both: 0" in done.stdout
    again = daedalus("lake", "merge", second, first, out)
    assert "5 files (5 unchanged)" in again.stdout
    assert daedalus("audit", out).exit_code == 0
    (tmp_path / "another").mkdir()
    shutil.copytree(second, tmp_path / "another", dirs_exist_ok=True)
    refused = daedalus("lake", "merge", first, out, tmp_path / "another")
    assert refused.exit_code == 2
    assert "not of this merge" in refused.stderr


def test_altered_rows_are_not_merged(recording: Recording, tmp_path: Path) -> None:
    other = Recording(tmp_path / "two", late=0.02)
    other.trades(range(40, 120), at=39)
    lake = recording.seal()
    (path,) = files(lake, "trades")
    pq.write_table(pq.ParquetFile(path).read().slice(1), path)
    done = daedalus("lake", "merge", lake, other.seal(), tmp_path / "out")
    assert done.exit_code == 1
    assert "89 rows, and 90 were written" in done.stderr


def test_nothing_is_merged_into_a_source(recording: Recording, tmp_path: Path) -> None:
    other = Recording(tmp_path / "two", late=0.02)
    other.trades(range(40, 120), at=39)
    first, second = recording.seal(), other.seal()
    (tmp_path / "link").symlink_to(first)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")}
    for out in (first, second, first / "inside", tmp_path / "link", tmp_path / "one"):
        refused = daedalus("lake", "merge", first, second, out)
        assert (refused.exit_code, "Name a place outside" in refused.stderr) == (2, True), out
    assert {path: path.read_bytes() for path in tmp_path.rglob("*.parquet")} == before


def test_a_damaged_lake_is_not_merged(recording: Recording, tmp_path: Path) -> None:
    lake = recording.seal()
    (path,) = files(lake, "trades")
    path.write_bytes(path.read_bytes()[:-50])
    done = daedalus("lake", "merge", lake, lake, tmp_path / "out")
    assert done.exit_code == 1
    assert "audit both lakes first" in done.stderr
