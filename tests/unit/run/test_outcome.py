"""The exit code of a run, and what it tells of an exchange that brought nothing."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.statuses import status_of

from daedalus.run.children import Child
from daedalus.run.outcome import Outcome
from daedalus.store.layout import Layout
from daedalus.worker.status import write_status


def child(tmp_path: Path, name: str, refused: int | None = None) -> Child:
    made = Child(name, (), tmp_path)
    made.refused = refused
    return made


def say(layout: Layout, worker: str, messages: int, started_ns: int) -> None:
    layout.status.mkdir(parents=True, exist_ok=True)
    write_status(layout.status, status_of(worker, started_ns=started_ns, messages=messages))


def test_an_exchange_that_brought_nothing_is_named_with_the_reason_and_fails_the_run(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    one, other = child(tmp_path, "ingest-binance"), child(tmp_path, "ingest-kraken")
    outcome = Outcome(layout, [one, other])
    other.log_path.write_text("2026-11-23T21:24:00.123Z WARNING ingest.kraken cannot connect to wss://x\n")
    say(layout, "ingest-binance", 5, time.time_ns())
    why = "ingest.kraken cannot connect to wss://x"
    assert outcome.complaints([one, other]) == [
        f"Nothing was recorded by ingest-kraken: {why}. See {other.log_path}"
    ]
    assert outcome.code([one, other], clean=True) == 1


def test_messages_of_a_run_before_this_one_count_for_nothing(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    say(layout, "ingest-binance", 5, time.time_ns() - 1)
    one = child(tmp_path, "ingest-binance")
    outcome = Outcome(layout, [one])
    assert outcome.complaints([one]) == [
        f"Nothing was recorded by ingest-binance: no message came. See {one.log_path}"
    ]


def test_what_came_before_a_worker_was_started_again_is_remembered(tmp_path: Path) -> None:
    layout, one = Layout(tmp_path), child(tmp_path, "ingest-binance")
    outcome = Outcome(layout, [one])
    say(layout, one.name, 5, time.time_ns())
    outcome.look()
    say(layout, one.name, 0, time.time_ns())
    assert outcome.complaints([one]) == []
    assert outcome.code([one], clean=True) == 0
    assert outcome.code([one], clean=False) == 1


@pytest.mark.parametrize(
    ("ingest", "normalize", "code", "ends"),
    [(3, None, 3, True), (None, 3, 3, True), (2, None, 2, True), (None, 2, 1, False)],
)
def test_the_code_is_that_of_a_worker_without_which_nothing_goes_on(
    tmp_path: Path, ingest: int | None, normalize: int | None, code: int, ends: bool
) -> None:
    layout = Layout(tmp_path)
    children = [child(tmp_path, "ingest-binance", ingest), child(tmp_path, "normalize", normalize)]
    outcome = Outcome(layout, children[:1])
    say(layout, "ingest-binance", 5, time.time_ns())
    outcome.look()
    assert outcome.refused(children) is ends
    assert outcome.code(children, clean=True) == code
