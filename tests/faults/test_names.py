"""Names that cannot be resolved, at the start and under way."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.account import Close
from faults.exchange import Exchange
from faults.names import NameServer, a_name_server
from faults.recorder import Tried

HOST = "stream.exchange.test"
SAID = {
    "failing": "Temporary failure in name resolution",
    "unknown": "Name or service not known",
    "silent": "Temporary failure in name resolution",
}
STOP_SECONDS = 10.0


@pytest.fixture
def names(tmp_path: Path) -> Iterator[NameServer]:
    with a_name_server(tmp_path / "names") as made:
        yield made


@pytest.fixture
def recorder(tmp_path: Path, exchange: Exchange, recorders: list[Tried]) -> Tried:
    made = Tried(tmp_path / "recorder", exchange.port)
    made.look_for(HOST, exchange.port)
    recorders.append(made)
    return made


@pytest.mark.parametrize(
    "way", [pytest.param(each, marks=() if each == "failing" else pytest.mark.long) for each in SAID]
)
def test_names_that_are_gone_at_the_start_and_under_way_are_told_and_found_again(
    exchange: Exchange, names: NameServer, recorder: Tried, close_account: Close, way: str, long: bool
) -> None:
    rounds = 2 if long else 1
    said = f"cannot connect to ws://{HOST}"
    names.way = way
    recorder.start(under=names.under)
    recorder.until_said(said, more_than=1)
    names.way = "known"
    recorder.until_recording(time.time_ns())
    for _ in range(rounds):
        told = recorder.log_text().count("cannot connect to")
        names.way = way
        exchange.reset()
        recorder.until_said(said, more_than=told)
        names.way = "known"
        recorder.until_recording(time.time_ns())
    lines = [line for line in recorder.log_text().splitlines() if "cannot connect to" in line]
    assert all(SAID[way] in line or "no answer in time" in line for line in lines), lines
    assert "Traceback" not in recorder.log_text()
    assert names.asked < 100, "the name server was hammered"
    recorder.stop()
    account = close_account(f"the name server is {way}", exchange, recorder, rounds=rounds + 1)
    assert account.causes.keys() <= {"disconnect"}


def test_a_recorder_that_waits_for_a_name_stops_in_time(names: NameServer, recorder: Tried) -> None:
    names.way = "silent"
    recorder.start(under=names.under)
    recorder.until_so(lambda: names.asked > 4, "questions to the name server")
    assert recorder.stop() < STOP_SECONDS
