"""Opens a TCP connection to a host name with several addresses, some of which may be dead.

On a home line with broken IPv6, the first address of each name never answers. So connections to the addresses
are begun a quarter of a second apart, address families in turn, and the first that answers is taken ("Happy
Eyeballs", RFC 8305).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import selectors
import socket
import threading
import time
from collections.abc import Collection, Iterable
from itertools import chain, zip_longest
from typing import Any

from msgspec import Struct

__all__ = ["Dialled", "connect", "dial", "order_addresses"]

STAGGER_SECONDS = 0.25
MAX_ADDRESSES = 12
_TOLD_ADDRESSES = 4
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK)


class Address(Struct, frozen=True):
    """One address of a name: the socket family, and what sockets of it connect to (host and port first)."""

    family: int
    place: tuple[Any, ...]

    @property
    def host(self) -> str:
        return str(self.place[0])


class Dialled(Struct, frozen=True):
    """A connected socket, its address, and how many other addresses the name has."""

    sock: socket.socket
    host: str
    others: int


def connect(
    address: tuple[str, int], timeout: float, source_address: tuple[str, int] | None = None
) -> socket.socket:
    """As `socket.create_connection`, but tries all addresses of the name side by side.

    ``timeout``: seconds for all of them together, without the look-up of the name; it stays the timeout of
    the socket. Raises `OSError`, which names each address and its problem.
    """
    sock = _open(address, timeout, source_address, ()).sock
    sock.settimeout(timeout)
    return sock


def _open(
    address: tuple[str, int], timeout: float, source: tuple[str, int] | None, last: Collection[str]
) -> Dialled:
    found = socket.getaddrinfo(*address, type=socket.SOCK_STREAM)
    distinct = dict.fromkeys(Address(family, place) for family, _, _, _, place in found)
    with _Race(order_addresses(distinct, last)[:MAX_ADDRESSES], source) as race:
        sock = race.run(time.monotonic() + timeout)
    return Dialled(sock, str(sock.getpeername()[0]), len(distinct) - 1)


async def dial(host: str, port: int, seconds: float, *, last: Collection[str] = ()) -> Dialled:
    """`connect` for an event loop: the socket does not block. ``last``: addresses to try after the others.

    It waits in a daemon thread: a silent name server must not hold up the end of the process.
    """
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Dialled] = loop.create_future()

    def settle(dialled: Dialled | None, error: OSError | None) -> None:
        if opened.done():  # cancelled meanwhile
            if dialled is not None:
                dialled.sock.close()
        elif dialled is not None:
            opened.set_result(dialled)
        elif error is not None:
            opened.set_exception(error)

    def work() -> None:
        dialled, error = None, None
        try:
            dialled = _open((host, port), seconds, None, last)
        except OSError as problem:
            error = problem
        except UnicodeError:  # not a host name
            error = OSError(f"{host!r} is not a host name")
        with contextlib.suppress(RuntimeError):  # the loop is closed: nothing waits any more
            loop.call_soon_threadsafe(settle, dialled, error)

    threading.Thread(target=work, name="dial", daemon=True).start()
    return await opened


def order_addresses(addresses: Iterable[Address], last: Collection[str] = ()) -> list[Address]:
    """The addresses in the order in which they are tried: those in ``last`` after the others.

    Families in turn, the preferred one first; within each family in the name server's order.
    """
    families: dict[int, list[Address]] = {}
    for each in addresses:
        families.setdefault(each.family, []).append(each)
    mixed = [each for each in chain.from_iterable(zip_longest(*families.values())) if each is not None]
    return sorted(mixed, key=lambda each: each.host in last)


class _Race:
    """Sockets that connect side by side."""

    def __init__(self, waiting: list[Address], source: tuple[str, int] | None) -> None:
        self._waiting = waiting
        self._source = source
        self._selector = selectors.DefaultSelector()
        self._failed: list[tuple[str, str]] = []

    def __enter__(self) -> _Race:
        return self

    def __exit__(self, *_: object) -> None:
        for key in list(self._selector.get_map().values()):
            self._drop(key)
        self._selector.close()

    def run(self, deadline: float) -> socket.socket:
        """The first connected socket. Raises `OSError` if there is none by ``deadline``."""
        begin_at = time.monotonic()
        while (now := time.monotonic()) < deadline:
            under_way = len(self._selector.get_map())
            if self._waiting and (now >= begin_at or not under_way):
                self._begin(self._waiting.pop(0))
                begin_at = now + STAGGER_SECONDS
                continue
            if not under_way:
                break
            until = min(deadline, begin_at) if self._waiting else deadline
            for key, _ in self._selector.select(until - now):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                problem = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if not problem:
                    self._selector.unregister(sock)
                    return sock
                self._failed.append((key.data, os.strerror(problem)))
                self._drop(key)
        self._failed += [(key.data, "no answer") for key in self._selector.get_map().values()]
        told = [f"{host}: {problem}" for host, problem in self._failed[:_TOLD_ADDRESSES]]
        if more := len(self._failed) + len(self._waiting) - len(told):
            told.append(f"and {more} more addresses")
        raise OSError("; ".join(told))

    def _begin(self, address: Address) -> None:
        try:
            sock = socket.socket(address.family, socket.SOCK_STREAM)
        except OSError as error:  # a family that this machine does not have
            self._failed.append((address.host, error.strerror or str(error)))
            return
        try:
            sock.setblocking(False)
            if self._source is not None:
                sock.bind(self._source)
            problem = sock.connect_ex(address.place)
            if problem and problem not in _UNDER_WAY:
                raise OSError(problem, os.strerror(problem))
        except OSError as error:
            sock.close()
            self._failed.append((address.host, error.strerror or str(error)))
            return
        self._selector.register(sock, selectors.EVENT_WRITE, address.host)

    def _drop(self, key: selectors.SelectorKey) -> None:
        self._selector.unregister(key.fileobj)
        assert isinstance(key.fileobj, socket.socket)
        key.fileobj.close()
