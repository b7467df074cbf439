"""An HTTP proxy on loopback, as offices have one: CONNECT for what is encrypted, and for websockets."""

from __future__ import annotations

import base64
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from faults.relay import Relay

__all__ = ["Proxy", "a_proxy"]

_LONGEST_HEAD = 16384


class Proxy(Relay):
    """A relay whose clients say where to: every host is this machine, whatever its name.

    ``password`` is that of ``user``: others get 407. ``asked``: each target that was asked for, "host:port".
    """

    def __init__(self, password: str | None = None) -> None:
        self.asked: list[str] = []
        self.password = password
        super().__init__(0)

    @property
    def url(self) -> str:
        user = f"user:{self.password}@" if self.password is not None else ""
        return f"http://{user}127.0.0.1:{self.port}"

    def _serve(self, client: socket.socket) -> None:
        self.taken += 1
        self._open.append(client)
        with contextlib.suppress(OSError):
            head = _head(client)
            method, target, *_ = head.split(" ")
            if not self._may(head):
                client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
                client.close()
            elif method == "CONNECT":
                self.asked.append(target)
                port = int(target.rpartition(":")[2])
                self.carry(
                    client, port, lambda: client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                )

    def _may(self, head: str) -> bool:
        if self.password is None:
            return True
        known = base64.b64encode(f"user:{self.password}".encode()).decode()
        return f"proxy-authorization: basic {known}".lower() in head.lower()


def _head(client: socket.socket) -> str:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < _LONGEST_HEAD:
        if not (data := client.recv(1)):  # no byte of what follows
            break
        head += data
    return head.decode("latin-1")


@contextmanager
def a_proxy(password: str | None = None) -> Iterator[Proxy]:
    """A proxy until the block ends."""
    proxy = Proxy(password)
    try:
        yield proxy
    finally:
        proxy.thaw()
        proxy.refuse()
