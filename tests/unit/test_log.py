"""The log's one line, and the file that logrotate may move away."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from daedalus.log import setup_logging

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
