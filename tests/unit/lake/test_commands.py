"""The commands that read a lake: what they print, and how they end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from support.lake_workbench import BEGIN, CONN, SECOND, Recording, files
from typer.testing import CliRunner, Result

from daedalus.cli.app import app
from daedalus.store.raw import RawKind


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration but the tests' own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("DAEDALUS_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "240")


def daedalus(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    recording = Recording(tmp_path / "one")
    recording.opened(0, ["depth", "trade"])
    recording.trades([*range(1, 50), *range(60, 101)])
    recording.depths(1, 200, at=1)
    recording.snapshot(5.5, 5)
    return recording


def test_audit_ends_well_where_the_ledger_names_every_hole(recording: Recording) -> None:
    done = daedalus("audit", recording.seal())
    assert done.exit_code == 0
    assert "missing 10" in done.stdout
    assert "proved complete by ids and digests" in done.stdout
    assert "The lake holds what its ledger says." in done.stdout


def test_audit_fails_where_something_is_missing_that_the_ledger_does_not_name(recording: Recording) -> None:
    lake = recording.seal()
    for path in files(lake, "gaps"):
        path.unlink()
    done = daedalus("audit", lake)
    assert done.exit_code == 1
    assert "BROKEN" in done.stdout
    assert "10 ids are missing that the ledger does not name" in done.stdout


def test_audit_for_machines_is_one_object(recording: Recording) -> None:
    done = daedalus("audit", recording.seal(), "--json", "--channel", "trade")
    report = json.loads(done.stdout)
    assert report["sound"] is True
    assert [stream["missing"] for stream in report["streams"]] == [10]
    assert report["totals"]["date"] == [{"group": "2026-09-22", "days": 1, "intact": 0, "proved": 0}]


def test_audit_of_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = daedalus("audit", tmp_path / "empty")
    assert (done.exit_code, "no file of a table is here" in done.stdout) == (1, True)
    told = json.loads(daedalus("audit", tmp_path / "empty", "--json").stdout)
    assert (told["sound"], told["findings"][0]["kind"]) == (False, "nothing")
    missing = daedalus("audit", tmp_path / "nowhere")
    assert missing.exit_code == 1
    assert "there is no folder" in missing.stderr


def test_audit_refuses_what_is_no_day(recording: Recording) -> None:
    done = daedalus("audit", recording.seal(), "--from", "yesterday")
    assert done.exit_code == 2
    assert "YYYY-MM-DD" in done.stderr


def test_a_book_is_shown_or_the_reason_why_there_is_none(recording: Recording) -> None:
    lake = recording.seal()
    done = daedalus("book", "binance", "a", "--at", "2026-09-22T00:02:10", "--lake", lake, "--depth", 2)
    assert done.exit_code == 0
    assert "the recorder's digest agrees at 2026-09-22 00:02:00" in done.stdout
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:02:10", "--lake", lake, "--json")
    assert json.loads(done.stdout)["at_ns"] == BEGIN + 130 * SECOND
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:00:03", "--lake", lake)
    assert done.exit_code == 1
    assert "no snapshot of A" in done.stderr
    done = daedalus("book", "binance", "A", "--at", "noon", "--lake", lake)
    assert done.exit_code == 2


def test_an_empty_book_is_shown_as_one(recording: Recording) -> None:
    recording.add("depth", RawKind.SNAPSHOT, 0.5, b'{"lastUpdateId":0,"bids":[],"asks":[]}', "A", CONN)
    done = daedalus("book", "binance", "A", "--at", "2026-09-22T00:00:00.7", "--lake", recording.seal())
    assert done.exit_code == 0
    assert "The book is empty" in done.stdout


def test_two_lakes_become_one(recording: Recording, tmp_path: Path) -> None:
    other = Recording(tmp_path / "two", late=0.02)
    other.trades(range(40, 120), at=39)
    first, second, out = recording.seal(), other.seal(), tmp_path / "out"
    done = daedalus("lake", "merge", first, second, out)
    assert done.exit_code == 0, done.stderr
    assert "holes that one fills for the other: 1, that both have: 0" in done.stdout
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


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--exchange", "binanse"), 2, "Did you mean 'binance'"),
        (("--channel", "trades"), 2, "Did you mean 'trade'"),
        (("--symbol", "AX"), 2, "Did you mean 'A'"),
        (("--from", "2027-01-01"), 1, "no file is of what was asked for"),
        (("--symbol", "a"), 0, "missing 10"),
    ],
)
def test_audit_calls_nothing_sound_that_it_did_not_look_at(
    recording: Recording, words: tuple[str, ...], code: int, told: str
) -> None:
    done = daedalus("audit", recording.seal(), *words)
    assert (done.exit_code, told in done.output) == (code, True), done.output


@pytest.mark.parametrize("columns", ["80", "40", "240"])
def test_no_word_of_an_audit_is_cut_or_folded_in_a_pipe(
    recording: Recording, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = daedalus("audit", recording.seal()).stdout
    assert "…" not in shown
    heads = [line for line in shown.splitlines() if line.startswith("2026-09-22  binance  ")]
    assert [line.split()[2:4] for line in heads] == [["depth", "A"], ["trade", "A"]]
    assert "missing 10, 90 % of ids" in heads[1]
    assert max(map(len, heads)) <= 80


def test_only_what_has_a_problem_is_shown_if_one_asks_so(recording: Recording) -> None:
    shown = daedalus("audit", recording.seal(), "--only-problems").stdout
    assert "trade    A" not in shown
    assert "binance  trade  A  missing 10" in shown
    assert "depth  A" not in shown


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
