"""The command audit: what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.lake_workbench import Recording, files
from typer.testing import CliRunner, Result

from daedalus.cli import app

pytestmark = pytest.mark.usefixtures("alone")


def daedalus(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def test_audit_ends_well_where_the_ledger_names_every_gap(recording: Recording) -> None:
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
    assert "10 missing ids are not in the ledger" in done.stdout


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
