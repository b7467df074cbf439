"""Weeks on a clock that runs fast: rotations, clean-ups, retention and reconnects leave nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import psutil
import pyarrow.parquet as pq
import pytest
from faults.exchange import an_exchange
from faults.plot import plot
from faults.recorder import PATIENCE, SABOTEUR, Tried

from daedalus.simulator import Faults

WORKERS = ("ingest", "normalize", "sync")
MEGABYTE = 1e6
DAY = 86_400.0


class Sampler:
    """Measures the processes and the directories once a second."""

    def __init__(self, processes: dict[str, psutil.Process], recorder: Tried, pace: float) -> None:
        self._processes = processes
        self._pace = pace
        self._recorder = recorder
        self.days: list[float] = []
        self.lines: dict[str, dict[str, list[float]]] = {
            "memory, MB": {name: [] for name in processes},
            "open files": {name: [] for name in processes},
            "on the disk without the lake, MB": {"raw and tables": []},
            "files and directories without the lake": {"all": [], "checkpoints": []},
            "lag from the exchange's time to ours, 99 %, ms": {"ingest": []},
        }

    def sample(self, days: float) -> None:
        memory, files, disk, entries, lag = self.lines.values()
        for name, process in self._processes.items():
            memory[name].append(process.memory_info().rss / MEGABYTE)
            files[name].append(process.num_fds())
        size = count = checkpoints = 0
        for root in ("raw", "tables", "status"):
            # Unlike rglob it does not mind directories that are swept meanwhile.
            for folder, folders, names in os.walk(self._recorder.data / root):
                count += len(folders) + len(names)
                checkpoints += sum("/carry/" in folder and name.endswith(".json") for name in names)
                for name in names:
                    with suppress(FileNotFoundError):
                        size += Path(folder, name).lstat().st_blocks * 512
        disk["raw and tables"].append(size / MEGABYTE)
        entries["all"].append(count)
        entries["checkpoints"].append(checkpoints)
        lag["ingest"].append(self._recorder.figure("lag_p99_ns") / 1e6 / self._pace)
        self.days.append(days)

    def growth(self, panel: str, line: str) -> tuple[float, float]:
        """The mean of the second quarter, and of the last."""
        values = self.lines[panel][line]
        quarter = len(values) // 4
        early, late = values[quarter : 2 * quarter], values[-quarter:]
        return sum(early) / len(early), sum(late) / len(late)


@pytest.mark.timeout(2400)
def test_weeks_leave_memory_files_and_directories_as_they_were(
    tmp_path: Path, recorders: list[Tried], measured: Any, long: bool, request: pytest.FixtureRequest
) -> None:
    days, seconds = (14.0, 1080.0) if long else (2.0, 25.0)
    pace = days * DAY / seconds
    begin = time.time()

    def clock() -> int:
        return round((begin + (time.time() - begin) * pace) * 1e9)

    fast = {"pace": pace, "from": begin}
    # The exchange ends connections after "24 hours", with the notice that Binance sends before.
    faults = Faults(farewell_after=DAY / pace if long else 8.0, farewell_seconds=8.0)
    with ExitStack() as stack:
        exchange = stack.enter_context(an_exchange(rate=150 / pace, faults=faults, clock=clock))
        recorder = Tried(tmp_path / "recorder", exchange.port, segment_max_mb=100)
        recorders.append(recorder)
        recorder.settings["sync"] = {
            "include_raw": True,
            "interval_seconds": 1,
            "retention": {"max_disk_mb": 4},
        }
        recorder.write_config()
        recorder.start([fast])
        assert recorder.process is not None
        processes = {"ingest": psutil.Process(recorder.process.pid)}
        for worker in WORKERS[1:]:
            log = stack.enter_context((tmp_path / f"{worker}.log").open("wb"))
            process = subprocess.Popen(
                [sys.executable, str(SABOTEUR), json.dumps([fast]), worker, "--config", str(recorder.config)],
                stdout=log,
                stderr=log,
            )
            stack.callback(process.wait, PATIENCE)
            stack.callback(process.terminate)
            processes[worker] = psutil.Process(process.pid)
        recorder.until("messages", 200)
        sampler = Sampler(processes, recorder, pace)
        while time.time() < begin + seconds:
            sampler.sample((time.time() - begin) * pace / DAY)
            time.sleep(1)
        connections = exchange.simulator.connections
        recorder.stop()
    for worker in ("normalize", "sync"):
        assert recorder.run_worker(worker, "--once", rules=[fast]) == 0, recorder.log_text()[-3000:]
    page = request.config.getoption("--record", None)
    if page is not None and long:
        title = f"{days:g} days in {seconds / 60:g} minutes"
        drawing = plot(title, sampler.days, "days", sampler.lines)
        (page.parent / "reliability-soak.svg").write_text(drawing)
    lake = recorder.data / "lake"
    hours = {path.parent.name for path in lake.glob("raw/*/channel=trade/date=*/hour=*/*.parquet")}
    dates = {path.parent.parent.name for path in lake.glob("raw/*/channel=trade/date=*/hour=*/*.parquet")}
    trades = [
        row
        for path in (lake / "trades").rglob("*.parquet")
        for row in pq.read_table(path, columns=["symbol", "id"], partitioning=None).to_pylist()
    ]
    for symbol in {row["symbol"] for row in trades}:
        ids = sorted(int(row["id"]) for row in trades if row["symbol"] == symbol)
        assert ids == list(range(ids[0], ids[0] + len(ids))), "a trade is missing, or there twice"
    # At this pace the first book's snapshot is fetched within what counts as many seconds without a book.
    assert _causes(lake) <= {"snapshot"}
    assert len(dates) >= days
    assert len(hours) >= min(24, int(days * 10))  # in the short form an hour is shorter than a flush
    assert connections >= (days - 1 if long else 2)
    memory = {name: sampler.growth("memory, MB", name) for name in WORKERS}
    measured(
        f"soak: {days:g} days in {seconds:g} s",
        trades=len(trades),
        reconnects=connections - 1,
        memory_growth_MB=", ".join(f"{name} {late - early:+.1f}" for name, (early, late) in memory.items()),
        disk_MB="{:.1f} then {:.1f}".format(
            *sampler.growth("on the disk without the lake, MB", "raw and tables")
        ),
    )
    if not long:
        return  # too short to tell a leak from a start
    for name, (early, late) in memory.items():
        assert late < early * 1.15 + 8, f"{name} grows: {early:.1f} to {late:.1f} MB"
        early, late = sampler.growth("open files", name)
        assert late < early + 4
    for panel in ("on the disk without the lake, MB", "files and directories without the lake"):
        for line in sampler.lines[panel]:
            early, late = sampler.growth(panel, line)
            assert late < early * 1.25 + 20, f"{panel}: {line} grows from {early:.1f} to {late:.1f}"


def _causes(lake: Path) -> set[str]:
    return {
        str(cause)
        for path in (lake / "gaps").rglob("*.parquet")
        for cause in pq.read_table(path, columns=["cause"], partitioning=None).column("cause").to_pylist()
    }
