"""All workers together, as a newcomer runs them: from a simulated venue into a lake that tools read."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pytest
from processes import COMMAND, Recorder, simulated, wait_until

pytestmark = pytest.mark.integration


def lake_counts(lake: Path) -> dict[str, int]:
    tables = [path.name for path in lake.iterdir()]
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
    assert recorder.status["config_hash"] == told["workers"]["ingest-coinbase_exchange"]
    assert (recorder.status["config_path"], recorder.status["version"]) == (
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


def test_a_venue_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
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


def test_the_demonstration_needs_nothing_but_the_package(tmp_path: Path) -> None:
    started = time.monotonic()
    command = [sys.executable, "-m", "daedalus", "demo", "--duration", "6"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "proved complete by " in done.stdout
    assert "FROM read_parquet(" in done.stdout
    assert time.monotonic() - started < 60
