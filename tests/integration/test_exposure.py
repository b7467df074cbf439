"""What the workers open to others: no port, no file beyond owner and group, no secret in what they say."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.processes import COMMAND, Recorder, simulated, wait_until

pytestmark = pytest.mark.integration

ACCESS, SECRET, TOPIC = "AKIAEXPOSURE", "exposed/if+seen", "a-secret-topic"


def listening(process: psutil.Process) -> list[Any]:
    """The sockets on which it, or a child of it, takes connections or datagrams from elsewhere."""
    found = []
    for each in [process, *process.children(recursive=True)]:
        found += [
            connection
            for connection in each.net_connections("inet")
            if connection.status == psutil.CONN_LISTEN or (connection.type == 2 and not connection.raddr)
        ]
    return found


def test_all_workers_together_open_no_port_and_no_file_and_say_no_secret(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "300", "--symbols", "BTCUSDT") as port:
        recorder = Recorder(tmp_path, "binance", port, {"symbols": ["BTCUSDT"]})
        recorder.settings["writer"] |= {"flush_interval_seconds": 1.0, "segment_max_mb": 0.02}
        # Where nobody answers: what is said of a failure must not hold the key either.
        recorder.settings["sync"] = {
            "target": "s3://bucket/lake",
            "endpoint_url": "http://127.0.0.1:9",
            "region": "us-east-1",
            "access_key": ACCESS,
            "secret_key": SECRET,
            "interval_seconds": 1,
        }
        recorder.settings["alerts"] = {"urls": [f"ntfy://127.0.0.1:9/{TOPIC}"]}
        recorder.settings["log"] = {"level": "debug"}
        recorder.write_config()
        output = tmp_path / "output"
        with output.open("wb") as file:
            runner = subprocess.Popen(
                [*COMMAND, "run", "--config", str(recorder.config)],
                stdout=file,
                stderr=file,
                preexec_fn=lambda: os.umask(0),
            )
        process = psutil.Process(runner.pid)
        try:
            tables = recorder.data / "tables" / "ready"
            wait_until(lambda: any(tables.rglob("*.parquet")), 90, "tables")
            wait_until(lambda: (recorder.data / "status" / "sync.json").exists(), 90, "the status of sync")
            wait_until(lambda: b"127.0.0.1:9" in status_of(recorder), 90, "sync to say what is wrong")
            assert len(process.children(recursive=True)) >= 3
            assert listening(process) == []
            runner.send_signal(signal.SIGINT)
            assert runner.wait(60) in (0, 1)  # 1: not everything is in the lake, as there is none
        finally:
            runner.kill()
            runner.wait()
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in recorder.data.rglob("*")}
    own = {path: mode for path, mode in modes.items() if "logs" not in path.parts}
    assert {mode for path, mode in own.items() if path.is_file()} == {0o640}
    assert {mode for path, mode in own.items() if path.is_dir()} == {0o750}
    said = output.read_bytes() + status_of(recorder)
    said += b"".join(path.read_bytes() for path in recorder.data.rglob("*.log"))
    for secret in (ACCESS, SECRET, TOPIC):
        assert secret.encode() not in said


def status_of(recorder: Recorder) -> bytes:
    return b"".join(path.read_bytes() for path in (recorder.data / "status").glob("*.json"))


@pytest.mark.parametrize("command", [["config", "show"], ["status"], ["doctor", "--offline"]])
def test_commands_that_look_open_no_secret(tmp_path: Path, command: list[str]) -> None:
    recorder = Recorder(tmp_path, "binance", 9, {"symbols": ["BTCUSDT"]})
    recorder.settings["sync"] = {
        "target": "s3://bucket/lake",
        "endpoint_url": "http://127.0.0.1:9",
        "access_key": ACCESS,
        "secret_key": SECRET,
    }
    recorder.settings["alerts"] = {"urls": [f"ntfy://127.0.0.1:9/{TOPIC}"]}
    recorder.write_config()
    done = recorder.run(*command)
    for secret in (ACCESS, SECRET, TOPIC):
        assert secret not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
