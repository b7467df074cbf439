"""What systemd's socket receives."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daedalus.worker.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """A datagram socket as systemd has one, and what it would put into NOTIFY_SOCKET."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@daedalus-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("\0" + address[1:] if address[0] == "@" else address)
        bound.settimeout(5)
        yield bound, address


def test_each_word_arrives_with_its_status_as_one_line(listener: tuple[socket.socket, str]) -> None:
    bound, address = listener
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": address})
    notifier.ready("recording\nREADY=0\n4 streams")
    notifier.alive()
    notifier.stopping("bye")
    assert [bound.recv(4096) for _ in range(3)] == [
        b"READY=1\nSTATUS=recording READY=0 4 streams",
        b"WATCHDOG=1",
        b"STOPPING=1\nSTATUS=bye",
    ]


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1"}])
def test_without_a_socket_of_systemd_nothing_is_sent(environment: dict[str, str]) -> None:
    Notifier.from_environment(environment).alive("well")


def test_a_socket_that_is_gone_is_no_error(tmp_path: Path) -> None:
    Notifier(str(tmp_path / "gone")).ready()


def test_a_listener_that_does_not_read_holds_nobody_up(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind(str(tmp_path / "full"))
        notifier = Notifier(str(tmp_path / "full"))
        began = time.monotonic()
        for _ in range(2000):
            notifier.alive("x" * 200)
        assert time.monotonic() - began < 5
