"""A disk that fills up under a recorder: it says so, waits with bounded memory, and goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.processes import Recorder, simulated, wait_until

pytestmark = pytest.mark.integration


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    made = subprocess.run(command, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_recording_waits_for_room_and_goes_on_without_a_gap(small_disk: Path) -> None:
    options = ("--rate", "4000", "--symbols", "BTCUSDT,ETHUSDT")
    with simulated("binance", *options) as port:
        recorder = Recorder(small_disk, "binance", port, {"symbols": ["BTCUSDT", "ETHUSDT"]})
        recorder.settings["writer"] = {"min_free_mb": 0, "queue_maxsize": 3000}
        recorder.write_config()
        recorder.log = small_disk.parent / "ingest.log"
        recorder.start()
        wait_until(lambda: "no space left" in recorder.log.read_text(), 60, "the disk to be full")
        subprocess.run(["mount", "-o", "remount,size=200m", small_disk], check=True)
        wait_until(lambda: "recording goes on" in recorder.log.read_text(), 30, "recording to go on")
        before = recorder.figure("messages")
        wait_until(lambda: recorder.figure("messages") > before + 10_000, 60, "more messages")
        assert recorder.figure("pauses") >= 1
        assert recorder.figure("rss_bytes") < 150e6
        recorder.stop()
    rows = recorder.raw()
    for conn in {row["conn"] for row in rows}:
        numbers = [row["seq"] for row in rows if row["conn"] == conn]
        assert numbers == list(range(len(numbers)))
    assert recorder.run("normalize", "--once").returncode == 0
    trades = [int(row["id"]) for row in recorder.table("trades") if row["symbol"] == "BTCUSDT"]
    absent = max(trades) - min(trades) + 1 - len(trades)
    gaps = [gap for gap in recorder.table("gaps") if (gap["channel"], gap["symbol"]) == ("trade", "BTCUSDT")]
    assert absent == sum(gap["missing"] for gap in gaps)
    assert {gap["cause"] for gap in gaps} <= {"overflow"}
