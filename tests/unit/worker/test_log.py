"""The log's one line, and the file that logrotate may move away."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from daedalus.worker import log as log_module
from daedalus.worker.log import setup_logging

LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (\w+) (\S+) (.*)")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("daedalus")
    before = (root.handlers[:], root.level, ours.level)
    yield
    for handler in root.handlers:
        if handler not in before[0]:
            handler.close()
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


def lines(capsys: pytest.CaptureFixture[str]) -> list[tuple[str, ...]]:
    found = [LINE.fullmatch(line) for line in capsys.readouterr().err.splitlines()]
    assert all(found)
    return [match.groups() for match in found if match]


def test_an_event_is_one_line_with_its_time_in_utc(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info")
    logging.getLogger("daedalus.ingest.binance").info("said %s", "one\ntwo")
    assert lines(capsys) == [("INFO", "ingest.binance", r"said one\ntwo")]


def test_the_level_is_ours_and_libraries_only_warn(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("debug")
    logging.getLogger("daedalus.sync").debug("ours")
    logging.getLogger("botocore").info("theirs")
    logging.getLogger("botocore").warning("grave")
    assert [name for _, name, _ in lines(capsys)] == ["sync", "botocore"]


def test_a_log_file_is_opened_again_after_it_was_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "daedalus.log"
    monkeypatch.setenv("DAEDALUS_LOG_FILE", str(path))
    setup_logging("info")
    logging.getLogger("daedalus.a").info("before")
    path.rename(tmp_path / "daedalus.log.1")
    logging.getLogger("daedalus.a").info("after")
    assert path.read_text().rstrip().endswith("after")


def test_a_log_file_that_cannot_be_opened_does_not_stop_the_worker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DAEDALUS_LOG_FILE", str(tmp_path / "missing" / "x.log"))
    setup_logging("error")
    logging.getLogger("daedalus.a").error("still here")
    (level, _, told), (_, _, message) = lines(capsys)
    assert level == "ERROR"
    assert told.endswith("No such file or directory. Logging to stderr alone.")
    assert message == "still here"


def test_nothing_in_an_event_is_obeyed_by_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info")
    logging.getLogger("daedalus.a").warning("closed: %s", "\x1b[2J\x07\x9b31m\u202e\u2028")
    assert lines(capsys) == [("WARNING", "a", r"closed: \x1b[2J\x07\x9b31m\u202e\u2028")]


def test_a_traceback_is_set_in_and_holds_no_event_of_others(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("info")
    forged = "no\n2026-11-27T00:00:00.000Z INFO sync all is well\x1b[2J"
    try:
        raise ValueError(forged)
    except ValueError:
        logging.getLogger("daedalus.a").exception("failed")
    first, *others = capsys.readouterr().err.splitlines()
    assert LINE.fullmatch(first)
    assert others
    assert all(line.startswith("  ") for line in others)
    assert "\x1b" not in "".join(others)


def test_a_flood_of_events_from_one_place_is_folded_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "daedalus.log"
    monkeypatch.setenv("DAEDALUS_LOG_FILE", str(path))
    clock = [0.0]
    monkeypatch.setattr(log_module.time, "monotonic", lambda: clock[0])
    setup_logging("info")
    log = logging.getLogger("daedalus.a")
    for second in range(3600):
        clock[0] = float(second)
        for number in range(3):
            log.info("gap %d is filled", number)
    log.error("another place")
    told = lines(capsys)
    assert len(told) <= log_module.BURST_LINES + 3600 / log_module.SECONDS_A_LINE + 2
    assert told[-1] == ("ERROR", "a", "another place")
    left_out = sum(int(match[1]) for _, _, text in told if (match := re.search(r"and (\d+) more", text)))
    assert 3 * 3600 - 31 <= left_out + len(told) - 1 <= 3 * 3600
    assert len(path.read_text().splitlines()) == len(told)


def test_who_asks_for_everything_gets_it(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("debug")
    for _ in range(1000):
        logging.getLogger("daedalus.a").debug("turn")
    assert len(lines(capsys)) == 1000


def test_a_log_file_that_is_a_pipe_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv("DAEDALUS_LOG_FILE", str(tmp_path / "pipe"))
    setup_logging("error")
    assert "it is a pipe" in lines(capsys)[0][2]
