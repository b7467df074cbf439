"""What systemd hears of each worker from its start to its end, over a real socket."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

CONFIG = """
data_dir: {data}
exchanges: {{binance: {{symbols: [BTCUSDT], websocket_url: "ws://127.0.0.1:9", rest_url: "http://127.0.0.1:9"}}}}
writer: {{min_free_mb: 0}}
"""


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (
            ["ingest", "binance"],
            "msg/s, last message never",
        ),  # its exchange is down: that must not fail the start
        (["normalize"], "0 segments done, 0 waiting"),
        (["sync"], "0 files uploaded, 0 waiting"),
        (["watchdog"], "binance"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_worker_is_ready_lives_and_stops(tmp_path: Path, command: list[str], line: str) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(data=tmp_path / "data"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with subprocess.Popen(
            [sys.executable, "-m", "daedalus", *command, "--config", str(tmp_path / "config.yaml")],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "PATH": ""},
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                assert systemd.recv(4096).startswith(b"READY=1")
                life = systemd.recv(4096).decode()
                assert life.startswith("WATCHDOG=1\nSTATUS=")
                assert line in life
                process.send_signal(signal.SIGTERM)
                until = time.monotonic() + 20
                while not systemd.recv(4096).startswith(b"STOPPING=1"):
                    assert time.monotonic() < until
                assert process.wait(20) == 0
            finally:
                process.kill()


def test_a_recorder_that_is_frozen_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG.format(data=tmp_path / "data"))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        with subprocess.Popen(
            [sys.executable, "-m", "daedalus", "ingest", "binance", "-c", str(tmp_path / "config.yaml")],
            env={"NOTIFY_SOCKET": str(tmp_path / "notify"), "PATH": ""},
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                assert systemd.recv(4096).startswith(b"READY=1")
                process.send_signal(signal.SIGSTOP)
                systemd.settimeout(5)
                words = iter(lambda: systemd.recv(4096), b"")
                with pytest.raises(TimeoutError):
                    list(words)
            finally:
                process.kill()
