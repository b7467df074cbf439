"""Status files and processes of this very machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from faults.disks import a_disk
from support.statuses import status_of

from daedalus.config import Config
from daedalus.status import observe
from daedalus.store.layout import Layout
from daedalus.worker.status import write_status


def config(data_dir: Path) -> Config:
    return Config.model_validate({"data_dir": data_dir, "exchanges": {"binance": {"symbols": ["BTCUSDT"]}}})


def say(data_dir: Path, pid: int, updated_ns: int) -> None:
    directory = Layout(data_dir).status
    status = status_of("ingest-binance", pid=pid, started_ns=updated_ns, updated_ns=updated_ns)
    write_status(directory, status)


def test_a_live_process_runs(tmp_path: Path) -> None:
    say(tmp_path, os.getpid(), time.time_ns())
    assert [row.state for row in observe(config(tmp_path))] == ["running", "not started", "not started"]


def test_a_process_that_is_gone_was_killed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    say(tmp_path, child.pid, time.time_ns())
    assert observe(config(tmp_path))[0].state == "killed"


def test_a_process_that_began_after_the_last_word_only_has_the_number(tmp_path: Path) -> None:
    say(tmp_path, os.getpid(), time.time_ns() - 86_400_000_000_000)
    assert observe(config(tmp_path))[0].state == "killed"


def test_a_worker_on_a_disk_that_turned_read_only_is_held_up_by_it(tmp_path: Path) -> None:
    with a_disk(tmp_path, 16) as disk:
        say(disk.folder, os.getpid(), time.time_ns())
        disk.remount("ro")
        row = observe(config(disk.folder))[0]
        assert (row.state, row.well) == ("blocked", False)
        assert f"on {disk.folder} is read-only" in row.note
