"""Addresses that accept no connection, on real sockets, and names that resolve to them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest


def free_port() -> int:
    """A port that is free on every loopback address."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """An address that neither accepts nor refuses connections: its queue is full."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with ExitStack() as stack:
        listening = stack.enter_context(closing(socket.socket(family)))
        listening.bind((host, port))
        listening.listen(0)
        for _ in range(6):
            filling = stack.enter_context(closing(socket.socket(family)))
            filling.setblocking(False)
            filling.connect_ex((host, port))
        yield


def resolve_to(monkeypatch: pytest.MonkeyPatch, name: str, *hosts: str) -> None:
    """Let a name resolve to these addresses, in this order."""
    asked = socket.getaddrinfo

    def answer(host: str, port: int, *args: object, **kwargs: object) -> list[object]:
        if host != name:
            return list(asked(host, port, *args, **kwargs))  # type: ignore[arg-type]
        return [found for each in hosts for found in asked(each, port, *args, **kwargs)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
