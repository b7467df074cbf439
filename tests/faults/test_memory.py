"""Memory: each worker in a control group of 150 MB at 5,000 messages per second, and a leak in one."""

from __future__ import annotations

import re
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from faults.account import Close
from faults.exchange import an_exchange
from faults.memory_group import MemoryGroup, a_memory_group
from faults.recorder import Tried
from faults.uploading import into
from support.processes import simulated
from support.s3_server import S3Server

MOST_BYTES = 150_000_000
LEAK_BYTES = 100_000_000
"""What leaks in a second."""


def figures(group: MemoryGroup) -> dict[str, Any]:
    return {
        "peak_MB": group.peak_held / 1e6,
        "peak_of_cached_files_MB": group.peak_cached / 1e6,
        "limit_reached": group.squeezed,
    }


def must_hold(group: MemoryGroup) -> None:
    """Nothing was killed. The limit may be reached, by cached files alone: they give way."""
    assert group.killed == 0
    assert group.peak_held < group.limit_bytes
    assert group.squeezed == 0 or group.peak_held + group.peak_cached > 0.9 * group.limit_bytes


def highest(pid: int) -> float:
    """The most that a process ever had in memory, with the libraries that it shares with others, in bytes."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def test_every_worker_lives_in_150_mb_at_5000_messages_per_second_and_loses_nothing(
    tmp_path: Path, store: S3Server, recorders: list[Tried], measured: Any, long: bool
) -> None:
    messages = 600_000 if long else 30_000
    with ExitStack() as stack:
        port = stack.enter_context(simulated("binance", "--rate", "4000", "--symbols", "BTCUSDT,ETHUSDT"))
        group = stack.enter_context(a_memory_group("ingest", MOST_BYTES))
        recorder = Tried(tmp_path / "recorder", port, segment_max_mb=10, flush_interval_seconds=5)
        recorders.append(recorder)
        stack.callback(recorder.end)
        recorder.start(under=group.under)
        recorder.until("messages", 2_000)
        rates = []
        while recorder.figure("messages") < messages:
            recorder.until("messages", messages / 10, new=True)
            rates.append(recorder.figure("messages_per_second"))
        assert recorder.process is not None
        resident = highest(recorder.process.pid)
        recorder.stop()
        ingest = figures(group)
        must_hold(group)
    rows = recorder.messages()
    for conn in {row["conn"] for row in rows}:
        numbers = [row["seq"] for row in rows if row["conn"] == conn]
        assert numbers == list(range(len(numbers)))
    rate = sorted(rates)[len(rates) // 2]
    assert resident < MOST_BYTES
    measured(
        "ingest in 150 MB, 5,000 messages per second",
        rows=len(rows),
        messages_per_second=rate,
        **ingest,
        peak_with_shared_libraries_MB=resident / 1e6,
    )
    recorder.settings["sync"] = into(store, store.new_bucket("memory"), include_raw=True)
    recorder.write_config()
    for worker in ("normalize", "sync"):
        with a_memory_group(worker, MOST_BYTES) as group:
            assert recorder.run_worker(worker, "--once", under=group.under) == 0, recorder.log_text()[-3000:]
            measured(f"{worker} of the same in 150 MB", **figures(group))
            must_hold(group)
        if worker == "normalize":
            assert recorder.ledger() == []
    assert not list((recorder.data / "tables" / "ready").rglob("*.parquet"))
    assert not list((recorder.data / "raw" / "normalized").rglob("*.parquet"))


def test_a_recorder_that_leaks_is_killed_at_its_limit_and_its_successor_loses_nothing_in_silence(
    tmp_path: Path, recorders: list[Tried], close_account: Close, long: bool
) -> None:
    rounds = 10 if long else 2
    with an_exchange(rate=500) as exchange, a_memory_group("leak", MOST_BYTES) as group:
        recorder = Tried(tmp_path / "recorder", exchange.port)
        recorders.append(recorder)
        leaking = tmp_path / "leaking"
        for number in range(1, rounds + 1):  # as systemd does: again and again, in the same group
            recorder.round([{"leak": str(leaking), "size": LEAK_BYTES}], under=group.under)
            leaking.touch()
            assert recorder.died() == -signal.SIGKILL
            assert group.killed == number
            leaking.unlink()
        recorder.round(under=group.under)
        recorder.stop()
        assert group.killed == rounds
        account = close_account(
            "memory leaks, the kernel ends it at 150 MB", exchange, recorder, rounds=rounds
        )
    assert account.causes.keys() <= {"crash"}
