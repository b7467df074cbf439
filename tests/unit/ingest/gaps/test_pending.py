"""The next process asks for the gaps that were not fetched when the last one ended."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.exchanges.model import Missing, Subscription
from daedalus.ingest.gaps.pending import PendingGaps

STREAMS = {Subscription("trade", "A"), Subscription("trade", "B")}
GAPS = [Missing("trade", "A", 5, 9, 1, 2), Missing("trade", "B", None, None, 7, 8)]


def test_what_was_saved_is_there_for_the_next_process(tmp_path: Path) -> None:
    PendingGaps(tmp_path, "ingest-x").save(GAPS)
    assert PendingGaps(tmp_path, "ingest-x").load(STREAMS) == GAPS
    assert PendingGaps(tmp_path, "ingest-y").load(STREAMS) == []


def test_streams_that_are_recorded_no_more_are_left_out(tmp_path: Path) -> None:
    PendingGaps(tmp_path, "ingest-x").save(GAPS)
    assert PendingGaps(tmp_path, "ingest-x").load({Subscription("trade", "B")}) == GAPS[1:]


def test_what_is_fetched_is_owed_no_more(tmp_path: Path) -> None:
    owed = PendingGaps(tmp_path, "ingest-x")
    owed.save(GAPS)
    owed.save([])
    assert PendingGaps(tmp_path, "ingest-x").load(STREAMS) == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json",
        b"{}",
        b"[5]",
        b'[{"channel":"trade","symbol":"A","first":9,"last":5,"from_ns":1,"to_ns":2}]',
        b'[{"channel":"trade","symbol":"A","first":9,"last":null,"from_ns":1,"to_ns":2}]',
        b'[{"channel":"trade","symbol":"A","first":1,"last":2,"from_ns":-1,"to_ns":2}]',
    ],
)
def test_a_file_that_is_none_costs_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ingest-x.gaps").write_bytes(content)
    assert PendingGaps(tmp_path, "ingest-x").load(STREAMS) == []


def test_a_disk_that_takes_nothing_is_told_and_no_more(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "no directory").write_bytes(b"")
    PendingGaps(tmp_path / "no directory", "ingest-x").save(GAPS)
    assert "cannot be saved" in caplog.text
