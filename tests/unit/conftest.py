"""What the unit tests share: `make test-fast` leaves out those that serve, and none serves unmarked."""

from __future__ import annotations

import socket

import pytest


def _refuse(*_: object) -> None:
    pytest.fail("a test that listens is marked: pytestmark = pytest.mark.server", pytrace=False)


@pytest.fixture(autouse=True)
def _serves_only_where_it_says_so(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("server") is None:
        monkeypatch.setattr(socket.socket, "listen", _refuse, raising=False)
