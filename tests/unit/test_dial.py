"""Dialling a name with several addresses, real ones, of which some are dead."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from support.dead_addresses import free_port, resolve_to, silent

from daedalus.dial import Address, connect, dial, order_addresses

pytestmark = pytest.mark.server

NAME = "exchange.test"


@pytest.fixture
def port() -> Iterator[int]:
    """A port at which 127.0.0.1 takes connections."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield listening.getsockname()[1]


def has_ipv6() -> bool:
    try:
        with closing(socket.create_server(("::1", 0), family=socket.AF_INET6)):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("dead", ["::1", "127.0.0.2"])
async def test_a_first_address_that_is_silent_costs_a_moment(
    dead: str, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if ":" in dead and not has_ipv6():
        pytest.skip("this machine has no ::1")
    resolve_to(monkeypatch, NAME, dead, "127.0.0.1")
    with silent(dead, port):
        begun = time.monotonic()
        dialled = await dial(NAME, port, 20.0)
        with closing(dialled.sock):
            assert time.monotonic() - begun < 5
            assert (dialled.host, dialled.others) == ("127.0.0.1", 1)


async def test_a_first_address_that_refuses_costs_nothing(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    resolve_to(monkeypatch, NAME, "127.0.0.2", "127.0.0.1")
    dialled = await dial(NAME, port, 20.0)
    dialled.sock.close()
    assert dialled.host == "127.0.0.1"


async def test_an_address_named_as_last_is_dialled_only_where_no_other_answers(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(socket.create_server(("127.0.0.2", port))):
        for hosts in (("127.0.0.1", "127.0.0.2"), ("127.0.0.1", "127.0.0.3")):
            resolve_to(monkeypatch, NAME, *hosts)
            dialled = await dial(NAME, port, 20.0, last=["127.0.0.1"])
            dialled.sock.close()
            assert dialled.host == ("127.0.0.2" if "127.0.0.2" in hosts else "127.0.0.1")


async def test_where_no_address_answers_each_is_named_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    resolve_to(monkeypatch, NAME, "127.0.0.2", "127.0.0.1")
    with silent("127.0.0.2", port), pytest.raises(OSError, match="Connection refused") as caught:
        await dial(NAME, port, 1.0)
    assert str(caught.value) == "127.0.0.1: Connection refused; 127.0.0.2: no answer"


def test_a_thread_dials_alike_and_its_socket_keeps_the_timeout(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve_to(monkeypatch, NAME, "127.0.0.2", "127.0.0.1")
    with silent("127.0.0.2", port), connect((NAME, port), 20.0) as sock:
        assert sock.getpeername()[0] == "127.0.0.1"
        assert sock.gettimeout() == 20.0


async def test_a_name_that_is_none_is_an_error_of_the_network(port: int) -> None:
    for name in ("no.such.host.invalid", "a" * 70 + ".test"):
        with pytest.raises(OSError, match=r"(?i)name"):
            await dial(name, port, 5.0)


async def test_a_socket_that_comes_too_late_is_closed(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    resolve_to(monkeypatch, NAME, "127.0.0.1")
    looked_up = socket.getaddrinfo

    def late(*args: object, **kwargs: object) -> object:
        time.sleep(0.3)
        return looked_up(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", late)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await dial(NAME, port, 5.0)
    # A socket that nobody closes would be told as a ResourceWarning, which is an error here.
    await asyncio.sleep(0.6)


def test_a_name_server_that_is_silent_does_not_hold_up_the_end_of_the_process() -> None:
    code = """
import asyncio, socket, time
from daedalus.dial import dial
socket.getaddrinfo = lambda *_, **__: time.sleep(60)
async def main():
    try:
        await asyncio.wait_for(dial("name.test", 1, 5.0), 0.2)
    except TimeoutError:
        print("given up")
asyncio.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True
    )
    assert done.stdout == "given up\n"


def test_the_families_take_turns_and_the_first_stays_first() -> None:
    six = [Address(socket.AF_INET6, (f"::{n}", 443, 0, 0)) for n in (1, 2, 3)]
    four = [Address(socket.AF_INET, (f"10.0.0.{n}", 443)) for n in (1, 2)]
    mixed = order_addresses([*six, *four])
    assert [each.host for each in mixed] == ["::1", "10.0.0.1", "::2", "10.0.0.2", "::3"]
    last = order_addresses([*six, *four], last=["::1"])
    assert [each.host for each in last] == ["10.0.0.1", "::2", "10.0.0.2", "::3", "::1"]
