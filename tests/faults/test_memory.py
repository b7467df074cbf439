"""Memory at five thousand messages per second: what the recorder holds at its highest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from faults.recorder import Tried
from processes import simulated

MOST_BYTES = 150e6


def highest(pid: int) -> float:
    """The most that a process ever held in memory, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_a_busy_recorder_stays_below_150_mb_and_loses_nothing(
    tmp_path: Path, recorders: Sequence[Tried], measured: Any, long: bool
) -> None:
    messages = 600_000 if long else 30_000
    with simulated("binance", "--rate", "4000", "--symbols", "BTCUSDT,ETHUSDT") as port:
        recorder = Tried(tmp_path / "recorder", port, segment_max_mb=10, flush_interval_seconds=5)
        recorders.append(recorder)  # type: ignore[attr-defined]
        recorder.start()
        recorder.until("messages", 2_000)
        rates = []
        while recorder.figure("messages") < messages:
            recorder.until("messages", messages / 10, new=True)
            rates.append(recorder.figure("messages_per_second"))
        assert recorder.process is not None
        peak = highest(recorder.process.pid)
        recorder.stop()
    rows = recorder.messages()
    for conn in {row["conn"] for row in rows}:
        numbers = [row["seq"] for row in rows if row["conn"] == conn]
        assert numbers == list(range(len(numbers)))
    rate = sorted(rates)[len(rates) // 2]
    measured("5,000 messages per second", recorded=len(rows), messages_per_second=rate, peak_MB=peak / 1e6)
    assert recorder.run_worker("normalize", "--once") == 0
    assert recorder.ledger() == []
    assert peak < MOST_BYTES
