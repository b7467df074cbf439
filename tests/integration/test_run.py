"""All workers together, as a newcomer runs them: from a simulated exchange into a lake that tools read."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import psutil
import pytest
from support.processes import COMMAND, Recorder, simulated, wait_until

pytestmark = pytest.mark.integration


def lake_counts(lake: Path) -> dict[str, int]:
    tables = [path.name for path in lake.iterdir() if path.is_dir()]
    return {
        name: duckdb.sql(
            f"SELECT count(*) FROM read_parquet('{lake}/{name}/**/*.parquet', hive_partitioning=true)"
        ).fetchall()[0][0]
        for name in tables
    }


def test_a_run_ends_by_itself_with_everything_in_the_lake(tmp_path: Path) -> None:
    with simulated("coinbase_exchange", "--rate", "500", "--symbols", "BTC-USD,ETH-USD") as port:
        settings: dict[str, Any] = {"symbols": ["BTC-USD", "ETH-USD"]}
        recorder = Recorder(tmp_path, "coinbase_exchange", port, settings)
        done = recorder.run("run", "--duration", "8")
    assert done.returncode == 0, done.stdout + done.stderr
    raw = recorder.raw("normalized")
    messages = sum(row["kind"] == "message" for row in raw)
    assert messages == recorder.figure("messages") > 1000
    told = json.loads(recorder.run("config", "check", "--json").stdout)
    assert recorder.status["process"]["config_hash"] == told["workers"]["ingest-coinbase_exchange"]
    assert (recorder.status["process"]["config_path"], recorder.status["process"]["version"]) == (
        told["config_path"],
        told["version"],
    )
    counts = lake_counts(recorder.data / "lake")
    assert counts["trades"] > 50
    assert counts["book_updates"] > 1000
    assert counts["quotes"] > 50
    assert counts["connections"] == 2
    assert "gaps" not in counts
    for state in ("raw/active", "raw/ready", "tables/ready"):
        assert not list((recorder.data / state).rglob("*.[pa][ar]*"))


def test_ctrl_c_stops_all_workers_in_good_order(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "500", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        command = [*COMMAND, "run", "--config", str(recorder.config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: recorder.figure("messages") > 500, 30, "messages")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert recorder.status["state"] == "stopped"
    assert lake_counts(recorder.data / "lake")["trades"] > 10


def workers_below(directory: Path) -> list[int]:
    """The workers that live on a data directory, by their command lines."""
    found = []
    for process in psutil.process_iter(["pid", "cmdline"]):
        line = process.info["cmdline"] or []
        if str(directory / "config.yaml") in line and {"ingest", "normalize", "sync"} & set(line):
            found.append(process.info["pid"])
    return found


def told(output: Path) -> str:
    return output.read_text(encoding="utf-8")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[tuple[Recorder, subprocess.Popen[bytes], Path]]:
    """`daedalus run` of a simulated exchange, at work; its output in a file."""
    with simulated("binance", "--rate", "200", "--symbols", "BTCUSDT") as port:
        recorder, output = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]}), tmp_path / "output"
        with output.open("wb") as log:
            command = [*COMMAND, "run", "--config", str(recorder.config)]
            process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        try:
            wait_until(lambda: recorder.figure("messages") > 100, 60, "messages")
            assert len(workers_below(tmp_path)) == 3
            yield recorder, process, output
        finally:
            process.kill()
            process.wait()
            for pid in workers_below(tmp_path):
                os.kill(pid, signal.SIGKILL)


def test_a_terminal_that_is_closed_stops_all_workers_in_good_order(
    running: tuple[Recorder, subprocess.Popen[bytes], Path],
) -> None:
    recorder, process, output = running
    process.send_signal(signal.SIGHUP)
    assert process.wait(60) == 0, told(output)
    assert workers_below(recorder.directory) == []
    assert recorder.status["state"] == "stopped"
    assert lake_counts(recorder.data / "lake")["trades"] > 10


def test_a_run_that_is_killed_leaves_no_worker_and_what_it_recorded_is_sealed(
    running: tuple[Recorder, subprocess.Popen[bytes], Path],
) -> None:
    recorder, process, _ = running
    process.kill()
    process.wait()
    wait_until(lambda: not workers_below(recorder.directory), 60, "the end of the workers")
    assert recorder.status["state"] == "stopped"
    assert not list((recorder.data / "raw" / "active").glob("*.arrows"))


def test_a_third_ctrl_c_ends_at_once_and_leaves_no_worker(
    running: tuple[Recorder, subprocess.Popen[bytes], Path],
) -> None:
    recorder, process, output = running
    for pid in workers_below(recorder.directory):
        os.kill(pid, signal.SIGSTOP)  # so that stopping in good order takes its time
    for _ in range(3):
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
    assert process.wait(30) == 130, told(output)
    wait_until(lambda: not workers_below(recorder.directory), 30, "the end of the workers")


def test_a_second_run_ends_at_once_with_code_3_and_harms_nothing(
    running: tuple[Recorder, subprocess.Popen[bytes], Path],
) -> None:
    recorder, process, _ = running
    second = recorder.run("run", "--duration", "60")
    assert second.returncode == 3
    assert re.search(r"run already runs here, as the process with pid \d+", second.stderr)
    assert second.stdout == ""
    assert len(workers_below(recorder.directory)) == 3
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def test_a_run_beside_a_worker_that_was_started_by_itself_ends_with_code_3(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "200", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        recorder.start()
        wait_until(lambda: recorder.figure("messages") > 0, 60, "messages")
        second = recorder.run("run", "--duration", "60")
        recorder.stop()
    assert second.returncode == 3
    assert "ingest-binance already runs here" in second.stderr


def test_a_worker_that_fails_in_the_end_is_told_with_why(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "200", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        (tmp_path / "file").touch()
        recorder.settings["sync"] = {"target": f"file://{tmp_path}/file/lake"}
        recorder.write_config()
        done = recorder.run("run", "--duration", "6")
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("sync-last ended with exit code 1: ")
    assert f"{tmp_path}/file" in last


def test_workers_that_are_stopped_while_they_start_have_not_failed(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        command = [*COMMAND, "run", "--config", str(recorder.config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        wait_until(lambda: len(workers_below(tmp_path)) == 3, 30, "the workers")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
    assert "ended with exit code" not in output
    assert process.returncode in (0, 1), output  # 1 if no message has come yet


def test_a_run_that_recorded_nothing_fails_and_says_why(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT") as port:
        pass
    recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
    done = recorder.run("run", "--duration", "6")
    assert done.returncode == 1
    last = done.stdout.splitlines()[-1]
    assert last.startswith("Nothing was recorded by ingest-binance: ")
    assert "cannot connect" in last or "refused" in last.lower()


def test_ingest_stops_within_ten_seconds_with_everything_sealed(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "0", "--symbols", "BTCUSDT,ETHUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT", "ETHUSDT"]})
        recorder.start()
        wait_until(lambda: recorder.figure("messages") > 100_000, 60, "100,000 messages")
        assert recorder.stop() < 10
    assert not list((recorder.data / "raw" / "active").glob("*.arrows"))
    # What was fetched over REST belongs to no connection.
    rows = [row for row in recorder.raw() if not row["conn"].endswith("-rest")]
    assert [row["seq"] for row in rows] == list(range(len(rows)))
    assert rows[-1]["kind"] == "close"


def test_a_second_recorder_of_the_same_files_refuses(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        recorder.start()
        wait_until(lambda: bool(recorder.status), 30, "the first one's status")
        second = recorder.run("ingest", "binance")
        assert second.returncode == 3
        assert re.search(r"ingest-binance already runs here, as the process with pid \d+", second.stderr)
        recorder.stop()


def test_a_exchange_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT") as port:
        pass
    recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
    recorder.start()
    wait_until(lambda: "cannot connect" in recorder.log.read_text(), 30, "the first failure")
    with simulated("binance", "--symbols", "BTCUSDT", "--rate", "200", port=port):
        wait_until(lambda: recorder.figure("messages") > 100, 60, "messages")
        recorder.stop()
    assert "Traceback" not in recorder.log.read_text()


def test_a_connection_that_breaks_is_followed_by_another_and_a_row_in_the_ledger(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT", "--rate", "500", "--drop-after", "1500") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        recorder.start()
        wait_until(lambda: recorder.figure("reconnects") >= 2, 60, "two reconnects")
        recorder.stop()
    assert recorder.run("normalize", "--once").returncode == 0
    gaps = recorder.table("gaps")
    assert {gap["cause"] for gap in gaps} == {"disconnect"}
    assert {gap["channel"] for gap in gaps} >= {"bookTicker"}
    closes = [row for row in recorder.table("connections") if row["event"] == "close"]
    assert [row["cause"] for row in closes[:2]] == ["disconnect", "disconnect"]


def test_figures_are_printed_at_the_interval_that_was_asked_for(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", "BTCUSDT", "--rate", "500") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        command = [*COMMAND, "ingest", "binance", "--stats-interval", "0.5", "--config", str(recorder.config)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        process.terminate()
        process.wait(15)
    assert re.fullmatch(
        r"\[binance\] [\d,]+ msg/s, [\d.]+ \w+/s, queue [\d,]+, lag p50 [\d.]+ ms p99 [\d.]+ m?s, "
        r"buffers \d+, segments \d+, reconnects 0, gaps 0, RSS [\d.]+ MB\n",
        lines[-1],
    )


def test_a_second_demonstration_in_one_place_ends_with_code_3_and_the_first_goes_on(tmp_path: Path) -> None:
    command = [*COMMAND, "demo", "--duration"]
    first = subprocess.Popen([*command, "10"], cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    wait_until(
        lambda: (tmp_path / "data/demo/status/ingest-binance.json").exists(), 60, "the first one's status"
    )
    second = subprocess.run(
        [*command, "1"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    output, _ = first.communicate(timeout=120)
    assert (second.returncode, first.returncode) == (3, 0), second.stderr + output
    assert "demo already runs here" in second.stderr
    assert "BROKEN" not in output


def test_a_demonstration_with_a_wrong_symbol_touches_nothing(tmp_path: Path) -> None:
    command = [*COMMAND, "demo", "--symbols", "BTC/USDT", "--duration", "1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "BTC/USDT" in done.stderr
    twice = subprocess.run(
        [*COMMAND, "demo", "--symbols", "BTCUSDT,btcusdt", "--duration", "1"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (twice.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "named twice" in twice.stderr


def test_the_demonstration_needs_nothing_but_the_package(tmp_path: Path) -> None:
    started = time.monotonic()
    command = [sys.executable, "-m", "daedalus", "demo", "--duration", "6"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proved complete by " in done.stdout
    assert "FROM read_parquet(" in done.stdout
    assert time.monotonic() - started < 60
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert again.returncode == 0, again.stdout + again.stderr
    assert "proved complete by " in again.stdout
