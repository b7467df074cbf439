"""A TCP relay on loopback before the exchange: a network that a test can spoil."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Relay", "a_relay"]

_PIECE = 65536


class Relay:
    """Forwards each connection to the exchange, as long as ``way`` is "forward". Else a new connection is

    "refuse": not taken at all; "reset": reset at once; "silent": taken and never answered; or it gets the
    HTTP answer that ``way`` holds. `freeze` lets open connections hang: nothing passes, nothing is closed.
    """

    def __init__(self, target: int, context: ssl.SSLContext | None = None) -> None:
        self.way = "forward"
        self.taken = 0
        self._target = target
        self._context = context
        self._flowing = threading.Event()
        self._flowing.set()
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.port = 0
        self.listen()

    def listen(self) -> None:
        """Take connections, on the same port as before."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self.port = listener.getsockname()[1]
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def refuse(self) -> None:
        """Take no connections any more, and reset those that are open."""
        if self._listener is not None:
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        self.reset()

    def reset(self) -> None:
        """Reset every open connection."""
        opened, self._open = self._open, []
        for each in opened:
            _reset(each)

    def freeze(self) -> None:
        self._flowing.clear()

    def thaw(self) -> None:
        self._flowing.set()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                accepted, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        self.taken += 1
        if self._context is not None:
            try:
                client = self._context.wrap_socket(client, server_side=True)
            except OSError:
                return
        self._open.append(client)
        if self.way == "reset":
            _reset(client)
        elif self.way.startswith("HTTP/"):
            with contextlib.suppress(OSError):
                client.recv(_PIECE)
                client.sendall(self.way.encode())
                client.close()
        elif self.way == "forward":
            self.carry(client, self._target)

    def carry(self, client: socket.socket, port: int, connected: Callable[[], object] = lambda: None) -> None:
        """Carry both ways until one side ends."""
        target = socket.create_connection(("127.0.0.1", port))
        self._open.append(target)
        connected()
        threading.Thread(target=self._pump, args=(client, target), daemon=True).start()
        self._pump(target, client)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                self._flowing.wait()
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def _reset(connection: socket.socket) -> None:
    # A close without waiting sends RST instead of FIN.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.shutdown(socket.SHUT_RD)
        connection.close()


@contextmanager
def a_relay(target: int, context: ssl.SSLContext | None = None) -> Iterator[Relay]:
    """A relay to the exchange on this port, with TLS towards its clients where there is a context."""
    relay = Relay(target, context)
    try:
        yield relay
    finally:
        relay.thaw()
        relay.refuse()
