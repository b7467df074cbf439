"""Systemd hears that the recorder lives only while both the event loop and the storage thread move."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from daedalus.ingest.storage_thread import StorageThread
from daedalus.ingest.worker import _heartbeat
from daedalus.worker.notify import Notifier


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "notify"))
        bound.setblocking(False)
        yield bound


def test_life_is_told_only_when_the_storage_thread_has_had_a_turn_since(
    systemd: socket.socket, tmp_path: Path
) -> None:
    storage = StorageThread.__new__(StorageThread)  # only its count of turns is looked at
    storage.turns = 0
    beat = _heartbeat(Notifier(str(tmp_path / "notify")).alive, storage)
    beat("not yet")
    storage.turns = 1
    beat("5 msg/s")
    beat("the disk hangs")
    storage.turns = 9
    beat("7 msg/s")
    assert [systemd.recv(999) for _ in range(2)] == [
        b"WATCHDOG=1\nSTATUS=5 msg/s",
        b"WATCHDOG=1\nSTATUS=7 msg/s",
    ]
    with pytest.raises(BlockingIOError):
        systemd.recv(999)
