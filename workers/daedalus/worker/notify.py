"""What a worker tells systemd: that it is ready, that it is alive, how it goes, that it stops.

One datagram each to the socket in NOTIFY_SOCKET (sd_notify(3)); without the variable nothing is sent.
Nothing here raises or blocks: a service manager that does not listen must not hold up the recording.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping

from ..shown import shown

__all__ = ["Notifier"]

SOCKET = "NOTIFY_SOCKET"


class Notifier:
    """The line to the service manager. ``address``: a path, ``@name`` for an abstract socket, or None."""

    def __init__(self, address: str | None) -> None:
        self._address = None
        if address and address[0] in "/@":
            self._address = f"\0{address[1:]}" if address[0] == "@" else address
        self._socket: socket.socket | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """The line that systemd gave to this process, or one that sends nothing."""
        return cls(environment.get(SOCKET))

    def ready(self, status: str = "") -> None:
        """The worker runs: units that are ordered after it may start."""
        self._send("READY=1", status)

    def alive(self, status: str = "") -> None:
        """The work goes on. systemd restarts a worker that has not said so for WatchdogSec=."""
        self._send("WATCHDOG=1", status)

    def stopping(self, status: str = "") -> None:
        """The worker was told to stop and does."""
        self._send("STOPPING=1", status)

    def _send(self, word: str, status: str) -> None:
        if self._address is None:
            return
        lines = [word]
        if status:
            lines.append("STATUS=" + shown(" ".join(status.split())))  # a line break would end it
        with contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
                self._socket.setblocking(False)
            self._socket.sendto("\n".join(lines).encode(), self._address)
