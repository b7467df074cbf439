"""kill -9 of normalize and sync at random moments: the lake comes out the same, byte for byte."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from support.processes import COMMAND, Recorder, simulated, wait_until

pytestmark = pytest.mark.integration

ROUNDS = 6


def lake_of(recorder: Recorder) -> dict[str, bytes]:
    root = recorder.data / "lake"
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*.parquet"))}


def killed_again_and_again(recorder: Recorder, *arguments: str) -> None:
    """Start the worker and kill it while it works, then let it finish."""
    moments = random.Random(7)
    for _ in range(ROUNDS):
        process = subprocess.Popen([*COMMAND, *arguments, "--once", "--config", str(recorder.config)])
        time.sleep(moments.uniform(0.7, 2.5))  # it takes about a second to start
        process.kill()
        process.wait()
    done = recorder.run(*arguments, "--once")
    assert done.returncode == 0, done.stderr


def test_workers_killed_at_random_leave_the_very_same_lake(tmp_path: Path) -> None:
    with simulated("binance", "--rate", "0", "--symbols", "BTCUSDT,ETHUSDT") as port:
        settings = {"symbols": ["BTCUSDT", "ETHUSDT"]}
        for name in ("killed", "calm"):
            (tmp_path / name).mkdir()
        recorder = Recorder(tmp_path / "killed", "binance", port, settings)
        calm = Recorder(tmp_path / "calm", "binance", port, settings)
        recorder.settings["writer"] = {"min_free_mb": 0, "segment_max_mb": 0.1}
        recorder.write_config()
        recorder.start()
        wait_until(lambda: recorder.figure("messages") > 60_000, 60, "messages")
        recorder.stop()
    shutil.copytree(recorder.data / "raw", calm.data / "raw")
    for worker in ("normalize", "sync"):
        assert calm.run(worker, "--once").returncode == 0
    killed_again_and_again(recorder, "normalize")
    killed_again_and_again(recorder, "sync")
    assert lake_of(recorder) == lake_of(calm)
    assert len(lake_of(calm)) > 10
