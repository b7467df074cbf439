"""Addresses that take part in the network by half: real sockets on loopback, and names that lead to them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest


def free_port() -> int:
    """A port that is free on every loopback address, as far as one can know."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def silent(host: str, port: int) -> Iterator[None]:
    """An address that takes no connection and refuses none: its queue is full, so it drops what comes."""
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


def let_lead(monkeypatch: pytest.MonkeyPatch, name: str, *hosts: str) -> None:
    """Let a name have these addresses, in this order, as a name server would."""
    asked = socket.getaddrinfo

    def answer(host: str, port: int, *args: object, **kwargs: object) -> list[object]:
        if host != name:
            return list(asked(host, port, *args, **kwargs))  # type: ignore[arg-type]
        return [found for each in hosts for found in asked(each, port, *args, **kwargs)]  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
