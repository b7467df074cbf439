"""The shell around a worker: its lock, its status file, its word to systemd, its end."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daedalus.store.layout import Layout
from daedalus.store.lock import AlreadyRunningError
from daedalus.worker.shell import Shell
from daedalus.worker.signals import StopEvent
from daedalus.worker.status import NormalizeStatus, Setup, State, read_status

SETUP = Setup(config_path="/etc/daedalus/config.yaml", config_hash="abc", version="1")


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.settimeout(5)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        yield bound


def status(shell: Shell, state: State = "running") -> NormalizeStatus:
    return NormalizeStatus(process=shell.process, state=state)


def test_a_second_worker_of_the_same_name_is_kept_out_until_the_first_ends(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with Shell(layout, "normalize"):
        with (
            pytest.raises(AlreadyRunningError, match="normalize already runs here"),
            Shell(layout, "normalize"),
        ):
            pass
        with Shell(layout, "sync"):
            pass
    with Shell(layout, "normalize"):
        pass


def test_what_is_said_stands_in_the_file_and_is_told_to_systemd(
    tmp_path: Path, systemd: socket.socket
) -> None:
    with Shell(Layout(tmp_path), "normalize", SETUP) as shell:
        shell.ready("8 streams")
        shell.say(status(shell), "3 segments done")
        shell.say(status(shell, "stopped"), "4 segments done")
    assert [systemd.recv(999) for _ in range(3)] == [
        b"READY=1\nSTATUS=8 streams",
        b"WATCHDOG=1\nSTATUS=3 segments done",
        b"STOPPING=1\nSTATUS=4 segments done",
    ]
    last = read_status(Layout(tmp_path).status, "normalize")
    assert isinstance(last, NormalizeStatus)
    assert (last.state, last.process) == ("stopped", shell.process)
    assert (last.process.config_hash, last.process.version) == ("abc", "1")


def test_a_status_is_due_at_first_when_it_is_old_and_when_its_state_changes(tmp_path: Path) -> None:
    shell = Shell(Layout(tmp_path), "normalize", status_seconds=0.2)
    assert shell.due("running")
    shell.write(status(shell))
    assert not shell.due("running")
    assert shell.due("blocked")
    time.sleep(0.25)
    assert shell.due("running")


def test_a_status_that_cannot_be_written_is_logged_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "status").write_text("in the way")
    shell = Shell(Layout(tmp_path), "normalize")
    for _ in range(9):
        shell.write(status(shell))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "cannot write the status of normalize: " in caplog.text


def test_waiting_ends_when_its_time_is_over_or_the_worker_is_to_stop(tmp_path: Path) -> None:
    stop = threading.Event()
    shell = Shell(Layout(tmp_path), "normalize", stop=stop, status_seconds=0.02)
    turns: list[int] = []
    assert shell.wait(0.1, lambda: turns.append(1)) is False
    assert len(turns) > 2
    assert shell.wait(0.0, lambda: turns.append(2)) is False
    assert shell.wait(60.0, stop.set) is True
    assert 2 not in turns


def test_an_event_loop_is_called_whether_it_asks_before_or_after_the_stop() -> None:
    event, calls = StopEvent(), list[str]()
    event.when_set(lambda: calls.append("before"))
    event.set()
    event.when_set(lambda: calls.append("after"))
    assert calls == ["before", "after"]
