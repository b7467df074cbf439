"""The wire: one websocket, from its URL to whole messages with the time they came.

`Wire` isolates the receive path so that it can be replaced. Handshake, TLS, proxies, redirects and closing
are the library's; the choice among a name's addresses and the handling of the bytes read are ours.
"""

from __future__ import annotations

import asyncio
import ipaddress
from functools import partial
from typing import Protocol, cast
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.proxy import get_proxy, parse_proxy

from ...dial import Dialled, dial
from ...errors import DaedalusError
from .connection import (
    CLOSE_TIMEOUT_SECONDS,
    LATEST_SECONDS,
    MAX_MESSAGE_BYTES,
    SLICE_MESSAGES,
    Connection,
    Receive,
)

__all__ = [
    "LATEST_SECONDS",
    "MAX_MESSAGE_BYTES",
    "SLICE_MESSAGES",
    "Receive",
    "Wire",
    "WireError",
    "open_wire",
]

OPEN_TIMEOUT_SECONDS = 10.0
DIAL_SECONDS = 6.0
"""The share of TCP: it repeats its first packet after 1 and 3 s; TLS and the handshake need time, too."""

SHARE_SECONDS = 3.0
"""For TLS, and again for the handshake, as long as there is another address to try."""

ADDRESSES = 3
"""How many addresses are tried where one accepts the connection and then does not answer."""


class WireError(DaedalusError):
    """A connection could not be opened or used; the text says why in one line."""


class Wire(Protocol):
    """An open websocket."""

    async def send(self, text: str) -> None:
        """Send one text message. Raises `WireError` where the connection is gone."""

    async def close(self) -> None:
        """Close with the websocket's handshake, at most some seconds; safe to call twice."""

    async def lost(self) -> str:
        """Wait until the connection has ended; returns how, in a few words."""

    def deliver(self) -> None:
        """Hand over at once what was read and still waits."""

    def pause(self) -> None:
        """Stop reading: the kernel's buffers fill, and TCP slows the exchange down."""

    def resume(self) -> None:
        """Read again."""


async def open_wire(url: str, receive: Receive, *, ping_seconds: float) -> Wire:
    """Connect to ``url``; ``receive`` is called in the event loop's thread, maybe before this returns.

    ``ping_seconds`` is the interval of our pings; a connection that brings nothing for as long, not even a
    pong, is given up. Raises `WireError`, whose one line names the address, where the exchange cannot be
    reached or refuses.
    """
    silent: list[str] = []
    while True:
        opening = None
        try:
            opening = _Opening(
                url,
                create_connection=cast(type[ClientConnection], partial(Connection, receive)),
                compression=None,
                max_size=MAX_MESSAGE_BYTES,
                open_timeout=OPEN_TIMEOUT_SECONDS,
                close_timeout=CLOSE_TIMEOUT_SECONDS,
                ping_interval=ping_seconds,
            )
            opening.last = silent
            return _WebSocketWire(cast(Connection, await opening))
        except (OSError, EOFError, WebSocketException) as error:
            taken = None if opening is None else opening.dialled
            if taken is None:
                raise WireError(f"cannot connect to {url}: {_in_words(error)}") from error
            if not isinstance(error, InvalidStatus):
                # It accepted the connection and did not answer: another address of the name may.
                silent.append(taken.host)
                if len(silent) < min(ADDRESSES, taken.others + 1):
                    continue
            raise WireError(f"cannot connect to {url}: {taken.host}: {_in_words(error)}") from error


class _Opening(connect):
    """The library's way to a connection, except for the choice among a name's addresses.

    ``last``: addresses to try last. ``dialled``: the address that accepted the connection.
    """

    last: list[str]
    dialled: Dialled | None = None

    async def open_tcp_connection(self) -> ClientConnection:
        self.dialled = None
        if (proxy := get_proxy(self.ws_uri)) is not None:
            return await self._through(proxy)
        dialled = await dial(self.ws_uri.host, self.ws_uri.port, DIAL_SECONDS, last=self.last)
        self.dialled = dialled
        self.create_connection_kwargs["sock"] = dialled.sock
        share = SHARE_SECONDS if len(self.last) < min(ADDRESSES - 1, dialled.others) else None
        try:
            async with asyncio.timeout(share):
                connection = await super().open_tcp_connection()
            cast(Connection, connection).handshake_seconds = share
            return connection
        finally:
            del self.create_connection_kwargs["sock"]  # a redirect leads to another address

    async def _through(self, proxy: str) -> ClientConnection:
        """Connect by a proxy, which the library dials itself: give it an address that accepts connections."""
        named = parse_proxy(proxy)
        if named.scheme == "http" and _is_name(named.host):
            dialled = await dial(named.host, named.port, DIAL_SECONDS, last=self.last)
            dialled.sock.close()
            user, at, _ = urlsplit(proxy).netloc.rpartition("@")
            host = f"[{dialled.host}]" if ":" in dialled.host else dialled.host
            proxy = f"http://{user}{at}{host}:{named.port}"
        self.proxy = proxy
        try:
            return await super().open_tcp_connection()
        finally:
            self.proxy = True  # a redirect may lead past it


class _WebSocketWire:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except WebSocketException as error:
            raise WireError(_in_words(error)) from error

    async def close(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_SECONDS):
                await self._connection.close()
        except TimeoutError:  # the exchange does not even read what we send
            self._connection.transport.abort()

    async def lost(self) -> str:
        await self._connection.wait_closed()
        code, reason = self._connection.close_code, self._connection.close_reason
        if code is None or code == _ABNORMAL:
            return f"connection lost: {self._connection.given_up or self._connection.protocol.close_exc}"
        return f"closed with code {code}" + (f": {reason}" if reason else "")

    def deliver(self) -> None:
        self._connection.deliver()

    def pause(self) -> None:
        self._connection.hold(held=True)

    def resume(self) -> None:
        self._connection.hold(held=False)


def _is_name(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


_ABNORMAL = 1006
"""What the library reports when the TCP connection ended without a closing handshake."""


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "the other side hung up"
    return str(error) or type(error).__name__
