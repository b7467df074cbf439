"""A name server on loopback, and processes whose resolver asks it alone: names are known, unknown, or gone.

The resolver is the C library's own. Only its files are others, by a mount namespace.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

__all__ = ["NameServer", "a_name_server"]

_ADDRESS = "127.53.53.53"
_PORT = 53  # the resolver knows no other
_ALL_IS_WELL, _SERVER_FAILURE, _NO_SUCH_NAME = 0, 2, 3
_IPV4 = 1
_LOOK_SECONDS = 0.1


class NameServer:
    """Answers with 127.0.0.1 for every name, as long as ``way`` is "known". Else "unknown", "failing", or
    "silent". ``asked`` counts the questions; processes that are to ask it are started `under` it.
    """

    def __init__(self, folder: Path) -> None:
        self.way = "known"
        self.asked = 0
        self._folder = folder
        folder.mkdir()
        (folder / "resolv.conf").write_text(f"nameserver {_ADDRESS}\noptions timeout:1 attempts:1\n")
        (folder / "nsswitch.conf").write_text("hosts: dns\n")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((_ADDRESS, _PORT))
        except PermissionError:
            pytest.skip("needs the right to listen on port 53")
        if subprocess.run([*self.under, "true"], capture_output=True, check=False).returncode != 0:
            pytest.skip("needs the right to make a mount namespace")
        self._socket.settimeout(_LOOK_SECONDS)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def under(self) -> list[str]:
        """The command that starts another one with this resolver."""
        files = ("resolv.conf", "nsswitch.conf")
        binds = "".join(f'mount --bind "$0/{name}" "$(realpath /etc/{name})" && ' for name in files)
        return ["unshare", "--mount", "sh", "-c", f'{binds}exec "$@"', str(self._folder)]

    def close(self) -> None:
        """Answer nobody any more."""
        self._over.set()
        self._thread.join()
        self._socket.close()

    def _serve(self) -> None:
        while not self._over.is_set():
            with suppress(TimeoutError):
                question, sender = self._socket.recvfrom(512)
                self.asked += 1
                if self.way != "silent":
                    self._socket.sendto(_answer(question, self.way), sender)


def _answer(question: bytes, way: str) -> bytes:
    """RFC 1035, section 4: the question again, and one address where the name is known and IPv4 asked for."""
    name_end = question.index(0, 12) + 1
    (kind,) = struct.unpack_from("!H", question, name_end)
    known = way == "known" and kind == _IPV4
    code = {"known": _ALL_IS_WELL, "unknown": _NO_SUCH_NAME, "failing": _SERVER_FAILURE}[way]
    head = question[:2] + struct.pack("!HHHHH", 0x8180 | code, 1, int(known), 0, 0)
    address = struct.pack("!HHHIH4s", 0xC00C, _IPV4, 1, 0, 4, bytes((127, 0, 0, 1))) if known else b""
    return head + question[12 : name_end + 4] + address


@contextmanager
def a_name_server(folder: Path) -> Iterator[NameServer]:
    """A name server until the block ends. Skips the test without the rights that it needs."""
    server = NameServer(folder)
    try:
        yield server
    finally:
        server.close()
