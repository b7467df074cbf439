"""The watchdog at work, without systemd: on real processes, and telling a real webhook."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest
from faults.disks import a_disk

from daedalus.config import Config
from daedalus.store.layout import Layout
from daedalus.store.lock import AlreadyRunningError, WorkerLock
from daedalus.watchdog import Options, run_watchdog, show_state, watch_once
from daedalus.watchdog.decide import Restart
from daedalus.watchdog.restart import restart
from daedalus.watchdog.spare import lock_anywhere
from daedalus.watchdog.state import load_state, save_state
from daedalus.worker.signals import StopEvent
from daedalus.worker.start import Launch
from daedalus.worker.status import UNTOLD, WatchdogStatus, read_status

pytestmark = pytest.mark.server

if TYPE_CHECKING:
    from .conftest import Webhook

LIMIT = Options(memory_limit_mb=300)  # and the warning at 200

LEAKY = """
import os, signal, sys, time
import psutil
from pathlib import Path
from daedalus import host
from daedalus.worker.status import IngestStatus, Process, write_status
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
held, began = [], time.time_ns()
for line in sys.stdin:
    held.append(b"x" * int(line) * 1_000_000)
    now = time.time_ns()
    process = Process(worker="ingest-binance", pid=os.getpid(), boot_id=host.boot_id(), started_ns=began)
    write_status(Path(sys.argv[1]), IngestStatus(process=process, last_message_ns=now, connected=1))
    print(psutil.Process().memory_info().rss // 1_000_000, flush=True)
"""


class Leaky:
    """A worker that takes as much memory as it is told to; who looks after it starts it again."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.starts = 0
        self.start()

    def start(self) -> None:
        self.starts += 1
        self.process = subprocess.Popen(
            [sys.executable, "-c", LEAKY, str(self._directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._take(0)

    def grow_to(self, megabytes: int) -> None:
        """Have it hold so much in all."""
        self._take(megabytes - self._take(0))

    def _take(self, megabytes: int) -> int:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{megabytes}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def look_after(self) -> None:
        if self.process.poll() is not None:
            self.end()
            self.start()

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def leaky(tmp_path: Path) -> Iterator[Leaky]:
    child = Leaky(tmp_path / "data" / "status")
    yield child
    child.end()


def test_a_worker_that_leaks_is_warned_of_then_restarted_and_told_about(
    leaky: Leaky, webhook: Webhook, configured: Callable[..., Config]
) -> None:
    config = configured()
    watch_once(config, LIMIT)
    assert webhook.alerts == []

    leaky.grow_to(220)
    watch_once(config, LIMIT)
    watch_once(config, LIMIT)
    (warning,) = webhook.alerts
    assert "ingest-binance holds 2" in warning["message"]
    assert "and is restarted at 300.0 MB" in warning["message"]
    assert leaky.process.poll() is None

    leaky.grow_to(340)
    watch_once(config, LIMIT)
    assert leaky.process.poll() == 0  # it ended in good order
    leaky.look_after()
    _, restarted = webhook.alerts
    assert "- ingest-binance holds 3" in restarted["message"]
    assert restarted["message"].endswith("- restarting ingest-binance")

    watch_once(config, LIMIT)
    assert (leaky.starts, leaky.process.poll(), len(webhook.alerts)) == (2, None, 2)
    leaky.grow_to(340)  # at once again: now it has to wait
    watch_once(config, LIMIT)
    assert (leaky.starts, leaky.process.poll(), len(webhook.alerts)) == (2, None, 2)
    assert len(webhook.pings) == 6


def test_a_dry_run_says_what_it_would_do_and_does_nothing(
    leaky: Leaky, webhook: Webhook, configured: Callable[..., Config]
) -> None:
    config = configured()
    leaky.grow_to(340)
    _, decision = watch_once(config, Options(memory_limit_mb=300, dry_run=True))
    assert [each.worker for each in decision.restarts] == ["ingest-binance"]
    assert leaky.process.poll() is None
    assert (webhook.alerts, webhook.pings) == ([], [])
    assert [path.name for path in config.data_dir.iterdir()] == ["status"]


def test_a_frozen_process_is_killed_when_its_time_is_up(leaky: Leaky) -> None:
    leaky.process.send_signal(signal.SIGSTOP)
    wanted = Restart(worker="ingest-binance", pid=leaky.process.pid, unit="", reason="")
    assert restart(wanted, patience_seconds=0.3) == ""
    assert leaky.process.wait(5) == -signal.SIGKILL


def test_a_process_that_is_gone_needs_no_restart(leaky: Leaky) -> None:
    leaky.end()
    assert restart(Restart(worker="x", pid=leaky.process.pid, unit="", reason="")) == ""


def test_a_unit_that_systemctl_cannot_restart_is_ended_by_its_process(
    leaky: Leaky, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no systemctl here
    wanted = Restart(worker="ingest-binance", pid=leaky.process.pid, unit="daedalus-x.service", reason="")
    assert restart(wanted) == ""
    assert leaky.process.wait(5) == 0


def test_a_unit_is_restarted_through_systemctl_without_waiting_for_it(
    leaky: Leaky, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    (tmp_path / "systemctl").write_text(f'#!/bin/sh\necho "$@" > {told}\n')
    (tmp_path / "systemctl").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    restart(Restart(worker="x", pid=leaky.process.pid, unit="daedalus-ingest@binance.service", reason=""))
    assert told.read_text() == "--no-block --no-ask-password restart daedalus-ingest@binance.service\n"
    assert leaky.process.poll() is None


def test_alerts_that_could_not_be_delivered_wait_and_withhold_the_ping(
    leaky: Leaky, webhook: Webhook, configured: Callable[..., Config]
) -> None:
    config = configured()
    webhook.refuses = True
    leaky.grow_to(220)
    watch_once(config, LIMIT)
    watch_once(config, LIMIT)
    assert (webhook.alerts, webhook.pings) == ([], [])
    assert len(load_state(config.data_dir).undelivered) == 1
    webhook.refuses = False
    watch_once(config, LIMIT)
    assert len(webhook.alerts) == 1
    assert len(webhook.pings) == 1
    assert load_state(config.data_dir).undelivered == ()


def test_a_recovery_is_announced(leaky: Leaky, webhook: Webhook, configured: Callable[..., Config]) -> None:
    config = configured("writer: {min_free_mb: 100000000}\n")
    watch_once(config, Options())
    remembered = load_state(config.data_dir)
    long_ago = {
        key: msgspec.structs.replace(each, first=each.first - 300, last=each.last - 300)
        for key, each in remembered.problems.items()
    }
    save_state(config.data_dir, msgspec.structs.replace(remembered, problems=long_ago))
    watch_once(configured(), Options())
    assert "below 100.0 TB recording waits" in webhook.alerts[0]["message"]
    assert webhook.alerts[1]["message"].startswith("- over, after")


def test_the_loop_tells_systemd_and_writes_its_status_until_it_is_stopped(
    webhook: Webhook, configured: Callable[..., Config], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, stop = configured(), StopEvent()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        loop = threading.Thread(
            target=run_watchdog, args=(config, Options(no_sync=True), Launch(UNTOLD, stop))
        )
        loop.start()
        try:
            assert systemd.recv(4096).startswith(b"READY=1")
            word = systemd.recv(4096)
            assert word.startswith(b"WATCHDOG=1\nSTATUS=")
            until = time.monotonic() + 10
            while read_status(Layout(config.data_dir).status, "watchdog") is None:
                assert time.monotonic() < until
                time.sleep(0.01)
            shown, _ = show_state(config)
            assert shown.renderables[0] == "the watchdog runs"
            with pytest.raises(AlreadyRunningError), WorkerLock(Layout(config.data_dir), "watchdog"):
                pass
        finally:
            stop.set()
            loop.join(15)
        assert systemd.recv(4096) == word.replace(b"WATCHDOG=1", b"STOPPING=1")
    status = read_status(Layout(config.data_dir).status, "watchdog")
    assert isinstance(status, WatchdogStatus)
    assert (status.state, status.looks) == ("stopped", 1)
    assert webhook.pings == ["/ping/1"]


def on(disk: Path, config: Config) -> Config:
    return config.model_copy(update={"data_dir": disk / "data"})


@pytest.fixture
def own_runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemd gives the unit."""
    (tmp_path / "run").mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path / "run"))
    return tmp_path / "run"


def test_a_watchdog_starts_tells_once_and_remembers_on_a_disk_that_died_under_it(
    tmp_path: Path, webhook: Webhook, configured: Callable[..., Config], own_runtime: Path
) -> None:
    with a_disk(tmp_path, 64) as disk:
        config = on(disk.folder, configured("writer: {min_free_mb: 0}\n"))
        watch_once(config, Options())
        worker = Leaky(config.data_dir / "status")
        try:
            disk.remount("abort")
            for _ in range(3):
                watch_once(config, Options())
            (alert,) = webhook.alerts
            assert "is read-only" in alert["message"]
            assert "which is how a card dies" in alert["message"]
            assert load_state(config.data_dir).problems["disk"].told is not None
            assert worker.process.poll() is None
        finally:
            worker.end()


def test_a_second_watchdog_is_kept_away_by_the_lock_of_one_whose_disk_died_under_it(
    tmp_path: Path, configured: Callable[..., Config], own_runtime: Path
) -> None:
    with a_disk(tmp_path, 64) as disk:
        config = on(disk.folder, configured())
        with WorkerLock(Layout(config.data_dir), "watchdog"):
            disk.remount("abort")
            with pytest.raises(AlreadyRunningError):
                watch_once(config, Options())
        layout = Layout(config.data_dir)
        with lock_anywhere(layout), pytest.raises(AlreadyRunningError), lock_anywhere(layout):
            pass


def test_a_second_watchdog_is_kept_away_where_no_lock_file_was_ever_written(
    tmp_path: Path, configured: Callable[..., Config], own_runtime: Path
) -> None:
    with a_disk(tmp_path, 64) as disk:
        disk.remount("ro")
        layout = Layout(disk.folder / "data")
        with lock_anywhere(layout), pytest.raises(AlreadyRunningError), lock_anywhere(layout):
            pass


def test_what_was_remembered_beside_a_dead_disk_goes_back_when_it_lives_again(
    tmp_path: Path, configured: Callable[..., Config], own_runtime: Path
) -> None:
    with a_disk(tmp_path, 64) as disk:
        config = on(disk.folder, configured())
        watch_once(config, Options())
        disk.remount("ro")
        watch_once(config, Options())
        assert len(list(own_runtime.rglob("watchdog.json"))) == 1
        disk.remount("rw")
        watch_once(config, Options())
        assert list(own_runtime.rglob("watchdog.json")) == []
        assert load_state(config.data_dir).problems["disk"].told is not None


@pytest.mark.parametrize(
    ("limit", "warn", "most"), [(None, 1_200, 1_800), (1_500, 1_000, 1_500), (3_600, 2_400, 3_600)]
)
def test_a_limit_of_the_command_line_takes_the_warning_along(
    configured: Callable[..., Config], limit: int | None, warn: int, most: int
) -> None:
    limits = Options(memory_limit_mb=limit).limits(configured())
    assert (limits.memory_warn, limits.memory_restart) == (warn * 10**6, most * 10**6)
