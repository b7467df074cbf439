"""The rules that doctor and watchdog share: each as a table of what was read and what is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from daedalus.health.finding import Finding, Level, bad, ok
from daedalus.health.machine import (
    card_errors,
    clock,
    oom_kills,
    read_only,
    readable,
    space,
    temperature,
    throttled,
    undervoltage,
)
from daedalus.health.workers import life, log_of, unit_of, unrecorded

MB = 1_000_000
OK, WARN, BAD = Level.OK, Level.WARN, Level.BAD

CASES: list[tuple[Finding, Level, str]] = [
    (oom_kills(0, " since boot"), OK, "no process"),
    (oom_kills(None), OK, "does not count"),
    (oom_kills(2), WARN, "killed 2"),
    (temperature(None), OK, "no sensor"),
    (temperature(55.4), OK, "55 °C"),
    (temperature(76), WARN, "76 °C"),
    (temperature(82), BAD, "82 °C"),
    (space(10**12, 10**12, 500 * MB), OK, "1.0 TB of 1.0 TB free"),
    (space(749 * MB, 10**12, 500 * MB), WARN, "749.0 MB of disk are free, recording stops at 500.0 MB"),
    (space(750 * MB, 10**12, 500 * MB), OK, "750.0 MB"),
    (space(400 * MB, 10**12, 500 * MB), BAD, "below 500.0 MB recording waits"),
    (space(None, None, 0), BAD, "may not look"),
    (readable([]), OK, "nothing is closed"),
    (readable([Path("/data/raw/ready/exchange=x")]), BAD, "/data/raw/ready/exchange=x"),
    (clock(True, 0.01), OK, "synchronized"),
    (clock(True, -0.9), WARN, "-0.900 s away"),
    (clock(False, None), BAD, "not synchronized"),
    (clock(None, None), WARN, "nobody tells"),
    (read_only("data_dir", "/dev/sda1 on /data is read-only"), BAD, "is read-only, which is how a card dies"),
    (card_errors(()), OK, "none"),
    (card_errors(("one", "the last ")), BAD, "2 lines in the kernel's log, the last: the last"),
    (undervoltage(), BAD, "voltage is too low"),
    (throttled(), BAD, "slowed down"),
    (life("sync", "running", service=True), OK, "running"),
    (life("sync", "stopped", service=True), WARN, "sync is stopped"),
    (life("sync", "not started", service=True), WARN, "sync is configured and has never been started here"),
    (life("sync", "killed", service=True), BAD, "sync has ended and was not started again (killed)"),
    (life("sync", "silent", "", 7, service=True), BAD, "sync (process 7) has stopped working"),
    (life("sync", "blocked", "no key", service=True), BAD, "sync cannot go on: no key"),
    (life("sync", "unreadable", "damaged", service=True), BAD, "what sync does is not known: damaged"),
    (unrecorded("ingest-x", "left out: A"), WARN, "ingest-x does not record all that is configured: left"),
]


@pytest.mark.parametrize(("finding", "level", "words"), CASES)
def test_a_rule_tells_what_is_found(finding: Finding, level: Level, words: str) -> None:
    assert finding.level is level
    assert words in finding.found
    assert bool(finding.remedy) is (level is not OK)


def test_a_finding_is_told_with_its_remedy_and_one_full_stop_between() -> None:
    assert bad("disk", "it is full", "Make room.").text == "it is full. Make room."
    assert bad("sync", "it cannot go on: no key. Give one.", "Do so.").text.endswith("Give one. Do so.")
    assert ok("disk", "20 GB free").text == "20 GB free"


@pytest.mark.parametrize(("service", "command"), [(True, "daedalus start"), (False, "daedalus run")])
def test_only_a_command_that_is_there_is_advised(service: bool, command: str) -> None:
    for state in ("stopped", "not started", "killed"):
        assert life("sync", state, service=service).remedy.startswith(f"Start it: {command}. ")


def test_the_units_have_the_names_of_the_workers_and_a_log_each() -> None:
    assert unit_of("ingest-coinbase_exchange") == "daedalus-ingest@coinbase_exchange.service"
    assert unit_of("sync") == "daedalus-sync.service"
    assert log_of("sync", service=True) == "journalctl -u daedalus-sync.service -e"
    assert log_of("sync", service=False) == "logs/sync.log in data_dir"
