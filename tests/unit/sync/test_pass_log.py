"""What sync logs of a pass: news once, and a trouble that has changed at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from daedalus.storage.errors import TargetError, TargetErrorKind
from daedalus.storage.target import Outcome, Receipt
from daedalus.sync.pass_log import PassLog
from daedalus.sync.plan import Upload
from daedalus.sync.progress import Progress
from daedalus.sync.retention import RetentionReport

ONE, OTHER = (Upload(Path(f"/data/tables/ready/{name}"), name, 5) for name in ("a.parquet", "b.parquet"))


def refused(problem: str) -> TargetError:
    return TargetError(TargetErrorKind.REFUSED, "s3://lake", problem, "Correct it.")


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="daedalus")
    return caplog


def lines(logged: pytest.LogCaptureFixture) -> list[str]:
    found = [record.getMessage() for record in logged.records]
    logged.clear()
    return found


def test_a_trouble_of_the_same_kind_with_other_words_is_told_at_once(
    logged: pytest.LogCaptureFixture,
) -> None:
    log, progress = PassLog(), Progress()
    for problem in ("it answers 403", "it answers 403", "it answers 418", "it answers 418"):
        progress.fail(refused(problem))
        log.end(progress, None)
    assert lines(logged) == [
        "s3://lake: it answers 403. Correct it.",
        "s3://lake: it answers 418. Correct it.",
    ]


def test_the_same_trouble_with_another_file_is_the_same_trouble(logged: pytest.LogCaptureFixture) -> None:
    log, progress = PassLog(), Progress()
    for upload in (ONE, OTHER):
        progress.fail(refused(f"no room for {upload.key}, from {upload.source}"), upload)
        log.end(progress, None)
    assert len(lines(logged)) == 1
    assert OTHER.key in progress.error


def test_after_a_recovery_the_same_trouble_is_news(logged: pytest.LogCaptureFixture) -> None:
    log, progress = PassLog(), Progress()
    for _ in range(2):
        progress.fail(refused("it answers 503"))
        log.end(progress, None)
        progress.recover()
        log.end(progress, None)
    trouble, well = "s3://lake: it answers 503. Correct it.", "the target works again; 0 files waiting"
    assert lines(logged) == [trouble, well, trouble, well]


def test_a_budget_that_is_exceeded_ever_more_is_told_once(logged: pytest.LogCaptureFixture) -> None:
    log = PassLog()
    for missing in (1_000_000, 2_000_000):
        log.end(Progress(), RetentionReport(0, 0, 0, 0, missing))
    (line,) = lines(logged)
    assert line.startswith("The disk budget is exceeded by 1.0 MB")


def test_what_a_pass_brought_is_one_line(logged: pytest.LogCaptureFixture) -> None:
    log, progress = PassLog(), Progress()
    progress.count([ONE, OTHER])
    log.begin(progress)
    progress.succeed(ONE, Receipt(ONE.key, 5, Outcome.UPLOADED, "size"))
    log.end(progress, None)
    assert lines(logged) == ["uploaded 1 file, 0.0 MB; 1 wait"]
    log.begin(progress)
    log.end(progress, None)
    assert lines(logged) == []
