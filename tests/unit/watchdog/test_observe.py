"""What one look reads: real status files and processes, and the control groups of a made-up machine."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from support.statuses import status_of

from daedalus.store.layout import Layout
from daedalus.watchdog.observe import look
from daedalus.worker.status import write_status

GROUP = "daedalus.slice/daedalus-ingest@binance.service"


@pytest.fixture
def process() -> Iterator[int]:
    """A process that lives, and has grown to its size."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child.pid
        child.kill()


def say(layout: Layout, pid: int, worker: str = "ingest-binance", **fields: Any) -> None:
    began_ns = time.time_ns() - 10**11
    write_status(layout.status, status_of(worker, pid=pid, started_ns=began_ns, **fields))


def machine(root: Path, pid: int, group: str = GROUP, **files: str) -> Path:
    """A made-up machine in which the process is in this group, whose files hold this."""
    (root / f"proc/{pid}").mkdir(parents=True)
    (root / f"proc/{pid}/cgroup").write_text(f"1:name=systemd:/x\n0::/{group}\n")
    (root / f"proc/{pid}/status").write_text("VmRSS:\t 10 kB\nVmSwap:\t 2000 kB\n")
    folder = root / "sys/fs/cgroup" / group
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name.replace("_", ".", 1 if name != "memory_swap_current" else 2)).write_text(text)
    return root


def test_a_units_memory_is_what_it_holds_with_swap_and_without_the_cache_of_files(
    tmp_path: Path, process: int
) -> None:
    layout = Layout(tmp_path / "data")
    say(layout, process)
    root = machine(
        tmp_path / "root",
        process,
        memory_current="900\n",
        memory_swap_current="50\n",
        memory_high="max\n",
        memory_stat="anon 200\nactive_file 300\ninactive_file 400\n",
        memory_events="low 0\nhigh 7\nmax 0\noom 1\noom_kill 2\n",
        memory_pressure="some avg10=1.00 avg60=45.50 total=1\nfull avg10=0.00 avg60=9.00 total=1\n",
    )
    (seen,) = look(layout, ["ingest-binance"], root).workers
    assert (seen.unit, seen.state, seen.pid) == ("daedalus-ingest@binance.service", "running", process)
    assert seen.memory is not None
    assert (seen.memory.used, seen.memory.high, seen.memory.throttled) == (250, None, 7)
    assert (seen.memory.oom_kills, seen.memory.stalled_percent) == (2, 45.5)


@pytest.mark.parametrize("group", ["user.slice/session-1.scope", "system.slice/daedalus-sync.service", GROUP])
def test_without_a_group_of_its_own_that_counts_it_is_the_process_that_is_measured(
    tmp_path: Path, process: int, group: str
) -> None:
    layout = Layout(tmp_path / "data")
    say(layout, process)
    (seen,) = look(layout, ["ingest-binance"], machine(tmp_path / "root", process, group)).workers
    assert seen.unit == ("daedalus-ingest@binance.service" if group == GROUP else "")
    assert seen.memory is not None
    assert seen.memory.used == pytest.approx(psutil.Process(process).memory_info().rss + 2_048_000, rel=0.2)


@pytest.mark.parametrize("group", ["user.slice/session-1.scope", "daedalus.slice/daedalus-watchdog.service"])
def test_a_worker_that_is_gone_is_a_unit_where_the_watchdog_is_one(tmp_path: Path, group: str) -> None:
    root = machine(tmp_path / "root", os.getpid(), group)
    (seen,) = look(Layout(tmp_path / "data"), ["ingest-binance"], root).workers
    assert seen.unit == ("daedalus-ingest@binance.service" if "watchdog" in group else "")


def test_silence_counts_from_the_last_message_or_else_from_the_start(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    say(layout, os.getpid())
    say(layout, os.getpid(), "ingest-coinbase_exchange", last_message_ns=time.time_ns() - 5 * 10**9)
    say(layout, os.getpid(), "sync")
    never, lately, sync = look(layout, ["ingest-binance", "ingest-coinbase_exchange", "sync"]).workers
    assert never.silent_seconds == pytest.approx(100, abs=5)
    assert not never.heard
    assert lately.silent_seconds == pytest.approx(5, abs=5)
    assert lately.heard
    assert sync.silent_seconds is None


def test_only_the_workers_that_were_asked_for_are_seen_and_those_that_never_were_are_not_started(
    tmp_path: Path,
) -> None:
    layout = Layout(tmp_path)
    say(layout, os.getpid(), "sync")
    seen = look(layout, ["ingest-binance", "normalize"])
    assert [(each.worker, each.state) for each in seen.workers] == [
        ("ingest-binance", "not started"),
        ("normalize", "not started"),
    ]
    assert seen.machine.disk_free
    assert not seen.machine.read_only


def test_a_place_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    assert look(Layout(tmp_path / "none"), ["sync"]).machine.disk_free is None
