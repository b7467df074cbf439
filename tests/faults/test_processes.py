"""Processes that die at every step, stand still, are started twice, or have a clock that jumps."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from faults.account import Close
from faults.exchange import Exchange, an_exchange
from faults.recorder import PATIENCE, Tried
from support.processes import COMMAND, wait_until

Rule = dict[str, Any]


@pytest.fixture
def recorder(tmp_path: Path, exchange: Exchange, recorders: list[Tried]) -> Tried:
    made = Tried(tmp_path / "recorder", exchange.port)
    recorders.append(made)
    return made


INGEST_STEPS: dict[str, Rule] = {
    "create an active file": {"call": "open", "path": "*.arrows", "number": 3},
    "write a batch": {"call": "pwrite", "path": "*.arrows", "number": 5},
    "make a batch durable": {"call": "fdatasync", "path": "*.arrows", "number": 4},
    "make an active name durable": {"call": "fsync", "path": "*/raw/active", "number": 2},
    "create a sealed file": {"call": "open", "path": "*/active/*.parquet"},
    "make a sealed file durable": {"call": "fsync", "path": "*/active/*.parquet"},
    "give a sealed file its name": {"call": "replace", "path": "*/ready/*.parquet"},
    "make a sealed name durable": {"call": "fsync", "path": "*/raw/ready/*/hour=*"},
    "remove an active file": {"call": "unlink", "path": "*.arrows"},
    "make its removal durable": {"call": "fsync", "path": "*/raw/active", "number": 5},
    "write the status": {"call": "replace", "path": "*/status/*.json", "number": 3},
}
HALF = {"call": "pwrite", "path": "*.arrows", "number": 6, "moment": "half"}


def test_a_recorder_killed_at_each_step_of_flush_and_seal_loses_nothing_in_silence(
    exchange: Exchange, recorder: Tried, close_account: Close, long: bool
) -> None:
    steps = [{**rule, "moment": "before"} for rule in INGEST_STEPS.values()] + [HALF]
    if long:
        steps += [{**rule, "moment": "after"} for rule in INGEST_STEPS.values()]
        steps += [{**rule, "number": rule.get("number", 1) + 4} for rule in steps]
    recorder.round()
    recorder.kill()
    for step in steps:
        recorder.start([{**step, "do": "kill"}])
        assert recorder.died() == -signal.SIGKILL, f"it never came to {step}"
    recorder.round()
    recorder.stop()
    account = close_account("kill -9 at each step of flush and seal", exchange, recorder, rounds=len(steps))
    assert account.causes.keys() <= {"crash"}


@pytest.mark.long  # `tests/integration/test_kill.py` does it in each build
def test_a_recorder_killed_at_random_loses_nothing_in_silence(
    exchange: Exchange, recorder: Tried, close_account: Close
) -> None:
    moments, rounds = random.Random(6), 40
    for _ in range(rounds):
        recorder.round()
        time.sleep(moments.uniform(0, 2))
        recorder.kill()
    recorder.round()
    recorder.stop()
    close_account("kill -9 at random", exchange, recorder, rounds=rounds)


@pytest.mark.long
def test_a_restart_storm_loses_nothing_in_silence(
    exchange: Exchange, recorder: Tried, close_account: Close
) -> None:
    moments, rounds = random.Random(8), 40
    recorder.round()
    recorder.stop()
    for _ in range(rounds):  # killed while it starts: before, while and after it finds what was left
        recorder.start()
        time.sleep(moments.uniform(0.2, 2.5))
        recorder.kill()
    recorder.round()
    recorder.stop()
    close_account("killed while it starts, again and again", exchange, recorder, rounds=rounds)


def test_sigterm_under_load_seals_everything_and_loses_nothing(
    tmp_path: Path, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    rounds = 10 if long else 1
    with an_exchange(rate=2000) as exchange:
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        slowest = 0.0
        for _ in range(rounds):
            recorder.round()
            recorder.until("messages", 5_000)
            slowest = max(slowest, recorder.stop())
        assert not list((recorder.data / "raw" / "active").iterdir())
        account = close_account("SIGTERM under load", exchange, recorder, rounds=rounds)
    assert account.causes.keys() <= {"restart"}


def test_a_recorder_that_stood_still_goes_on_where_it_was(
    exchange: Exchange, recorder: Tried, close_account: Close, long: bool
) -> None:
    rounds = 5 if long else 1
    recorder.round()
    assert recorder.process is not None
    for _ in range(rounds):
        recorder.process.send_signal(signal.SIGSTOP)
        time.sleep(8 if long else 4)
        recorder.process.send_signal(signal.SIGCONT)
        recorder.until_recording(time.time_ns())
    recorder.stop()
    account = close_account("SIGSTOP for seconds, SIGCONT", exchange, recorder, rounds=rounds)
    assert account.told == 0


def test_a_second_copy_is_refused_in_a_word_and_disturbs_nothing(
    exchange: Exchange, recorder: Tried, close_account: Close
) -> None:
    recorder.round()
    command = [*COMMAND, "ingest", "binance", "--config", str(recorder.config)]
    second = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    assert recorder.process is not None
    assert second.returncode == 3
    assert f"already runs here, as the process with pid {recorder.process.pid}" in second.stderr
    assert "Traceback" not in second.stderr
    recorder.until("messages", 200, new=True)
    recorder.stop()
    account = close_account("started twice", exchange, recorder)
    assert account.told == 0


HOUR = 3600.0


@pytest.mark.parametrize(
    ("name", "offsets"),
    [
        ("forwards by 5 hours", [5 * HOUR]),
        ("back by 5 hours", [-5 * HOUR]),
        ("a leap second", [-1.0, 0.0]),
        ("to 1970 and back", [-1.7e9, 0.0]),
        ("over midnight and back", [24 * HOUR, 0.0]),
    ],
    ids=lambda value: value.replace(" ", "-") if isinstance(value, str) else "",
)
def test_a_clock_that_is_set_loses_nothing_and_is_written_down(
    exchange: Exchange, recorder: Tried, close_account: Close, name: str, offsets: list[float], long: bool
) -> None:
    if not long and name != "back by 5 hours":
        pytest.skip("one step of the clock is enough for the short form (--long: all)")
    clock = recorder.directory / "clock"
    recorder.start([{"clock": str(clock)}])
    recorder.until("messages", 200)
    recorder.until("durable_ns", 1)
    for offset in offsets:
        clock.write_text(f"{offset}")
        recorder.until("messages", 200, new=True)
        time.sleep(3)  # the watch looks once a second
    recorder.stop()
    account = close_account(f"the clock is set {name}", exchange, recorder)
    assert account.told == 0
    notes = [row for row in recorder.messages() if row["kind"] == "clock"]
    assert len(notes) >= len(offsets)


@pytest.mark.long
def test_the_time_zone_changes_nothing(exchange: Exchange, recorder: Tried, close_account: Close) -> None:
    recorder.start(environment={**os.environ, "TZ": "Pacific/Kiritimati"})
    recorder.until("messages", 500)
    recorder.until("durable_ns", 1)
    recorder.stop()
    account = close_account("14 hours east of UTC", exchange, recorder)
    assert account.told == 0
    today = {time.strftime("date=%Y-%m-%d", time.gmtime(at)) for at in (time.time(), time.time() - 600)}
    files = [path for path in recorder.data.rglob("*.parquet") if path.parts[-3].startswith("date=")]
    assert {path.parts[-3] for path in files if "raw" in path.parts} <= today


WORKER_STEPS: dict[str, tuple[str, Rule]] = {
    "normalize: begin a table": ("normalize", {"call": "open", "path": "*/tables/active/*.parquet"}),
    "normalize: make a table durable": ("normalize", {"call": "fsync", "path": "*/tables/active/*.parquet"}),
    "normalize: give a table its name": (
        "normalize",
        {"call": "replace", "path": "*/tables/ready/*.parquet", "number": 2},
    ),
    "normalize: remember for the next": ("normalize", {"call": "replace", "path": "*/carry/*.json"}),
    "normalize: hand raw over": ("normalize", {"call": "replace", "path": "*/raw/normalized/*.parquet"}),
    "normalize: make that durable": ("normalize", {"call": "fsync", "path": "*/raw/normalized/*"}),
    "upload: make it durable": ("sync", {"call": "fsync", "path": "*.part"}),
    "upload: give it its name": ("sync", {"call": "replace", "path": "*/lake/*.parquet"}),
    "upload: call it synced": ("sync", {"call": "replace", "path": "*/synced/*.parquet", "number": 2}),
    "retention: delete": ("sync", {"call": "unlink", "path": "*/synced/*.parquet", "number": 2}),
}


def lake_of(recorder: Tried) -> dict[str, bytes]:
    root = recorder.data / "lake"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def test_workers_killed_at_each_step_leave_the_very_same_lake(
    tmp_path: Path, recorders: list[Tried], measured: Any, long: bool
) -> None:
    with an_exchange(rate=1000) as exchange:
        recorder, calm = (Tried(tmp_path / name, exchange.port) for name in ("recorder", "calm"))
        recorders.append(recorder)
        recorder.round()
        recorder.until("messages", 4_000)
        recorder.stop()
    shutil.copytree(recorder.data / "raw", calm.data / "raw")
    for each in (recorder, calm):
        # More than any disk has: retention deletes whatever the lake holds.
        each.settings["writer"]["min_free_mb"] = 50_000_000
        each.settings["sync"] = {"include_raw": True}
        each.write_config()
    for worker in ("normalize", "sync"):
        assert calm.run_worker(worker, "--once") == 0
    expected = lake_of(calm)
    assert len(expected) > 10
    moments = ("before", "after") if long else ("before",)
    rounds = 0
    for name, (worker, rule) in WORKER_STEPS.items():
        for moment in moments:
            ended = recorder.run_worker(worker, "--once", rules=[{**rule, "moment": moment, "do": "kill"}])
            assert ended == -signal.SIGKILL, f"it never came to: {name}"
            rounds += 1
    for worker in ("normalize", "sync"):
        assert recorder.run_worker(worker, "--once") == 0
    assert lake_of(recorder) == expected
    measured("normalize, sync and retention killed at each step", rounds=rounds, lake_files=len(expected))


def test_the_lock_of_a_dead_worker_holds_nobody_up(exchange: Exchange, recorder: Tried) -> None:
    recorder.round()
    recorder.kill()
    began = time.time_ns()
    recorder.start()
    wait_until(lambda: recorder.figure("last_message_ns") > began, PATIENCE, "messages")
    recorder.stop()
