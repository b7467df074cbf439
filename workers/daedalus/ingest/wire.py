"""The wire: one websocket, from the socket to whole messages with the time they came.

This is the seam behind which the receive path can be exchanged. At the rates a recorder sees, what
costs is not parsing but waking: a client that hands each message to a waiting coroutine pays for a
future, a queue and a second turn of the event loop per message, and whatever runs right after a wake-up
finds the processor's caches cold. So this wire only notes the time where the socket is read; a tenth of
a second later it cuts all that was read into messages and hands them to a plain function, in slices
between which the socket is looked at. Where messages are rare it does so at once. Handshake, TLS,
proxies, redirects, pings, fragments and closing stay the library's.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException
from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request, Response
from websockets.protocol import CONNECTING

from .frames import FrameSplitter

__all__ = [
    "LATEST_SECONDS",
    "MAX_MESSAGE_BYTES",
    "SLICE_MESSAGES",
    "Receive",
    "Wire",
    "WireError",
    "open_wire",
]

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Whole books come in one message (Coinbase: 5 MB); the library's default of 1 MiB cuts them off."""

OPEN_TIMEOUT_SECONDS = 10.0
CLOSE_TIMEOUT_SECONDS = 2.0

GATHER_SECONDS = 0.1
"""What is read within so long of the last handing over waits for the next one."""

GATHER_BYTES = 64 * 1024
"""More than that does not wait."""

SLICE_MESSAGES = 32
SLICE_BYTES = 64 * 1024
"""So much is handed over in one turn of the event loop: more would hold up the next time stamp."""

LATEST_SECONDS = 2 * GATHER_SECONDS
"""How long after its time stamp a message is handed over at the latest, unless the loop is held up."""

Receive = Callable[[list[int], list[bytes]], None]
"""Called with the messages that are whole, and for each the UTC ns at which its last bytes were read.

The call comes up to `LATEST_SECONDS` after that time."""


class WireError(Exception):
    """A connection could not be opened or used; the text says why in one line."""


class Wire(Protocol):
    """An open websocket."""

    async def send(self, text: str) -> None:
        """Send one text message. Raises `WireError` where the connection is gone."""

    async def close(self) -> None:
        """Close with the websocket's handshake, at most some seconds; safe to call twice."""

    async def lost(self) -> str:
        """Wait until the connection has ended, and say how in a few words."""

    def deliver(self) -> None:
        """Hand over now what was read and still waits."""

    def pause(self) -> None:
        """Stop reading: the kernel's buffers fill, and TCP slows the venue down."""

    def resume(self) -> None:
        """Read again."""


async def open_wire(url: str, receive: Receive, *, ping_seconds: float) -> Wire:
    """Connect to ``url``; ``receive`` is called in the event loop's thread, maybe before this returns.

    ``ping_seconds`` is the interval of our pings; a pong missing for as long ends the connection.
    Raises `WireError` with one line where the venue cannot be reached or refuses.
    """
    try:
        connection = await connect(
            url,
            create_connection=cast(type[ClientConnection], partial(_Connection, receive)),
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            open_timeout=OPEN_TIMEOUT_SECONDS,
            close_timeout=CLOSE_TIMEOUT_SECONDS,
            ping_interval=ping_seconds,
            ping_timeout=ping_seconds,
        )
    except (OSError, EOFError, WebSocketException) as error:
        raise WireError(f"cannot connect to {url}: {_in_words(error)}") from error
    return _WebSocketWire(cast(_Connection, connection))


class _Connection(ClientConnection):
    """The library's connection, with messages handed over at once instead of through its queue.

    The library sees the handshake and every frame that is not a plain message, always whole, so it
    stands between two frames whenever it is asked.
    """

    def __init__(self, receive: Receive, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receive = receive
        self._whole: list[bytes] = []
        self._parts: list[bytes] = []
        self._frames = FrameSplitter(super().data_received, MAX_MESSAGE_BYTES)
        self._head: bytes | None = b""  # what came of the answer to the handshake; None after it
        self._open = False
        self._waiting: deque[tuple[int, bytes]] = deque()  # when it was read (UTC ns), and what
        self._waiting_bytes = 0
        self._emptied_ns = 0
        self._turn: asyncio.Handle | None = None  # the next handing over

    def data_received(self, data: bytes) -> None:
        recv_ns = time.time_ns()
        if not self._open:
            if self._head is not None:
                data = self._shake_hands(self._head + data)
            if self.protocol.state is CONNECTING:  # a refusal: the library reads why
                super().data_received(data)
                return
            self._open = True
        self._waiting.append((recv_ns, data))
        self._waiting_bytes += len(data)
        if self._waiting_bytes >= GATHER_BYTES:
            self._take_turn()
        elif self._turn is None:
            if recv_ns - self._emptied_ns >= _GATHER_NS:
                self._take_turn()
            else:
                self._turn = self.loop.call_later(GATHER_SECONDS, self._take_turn)

    def deliver(self) -> None:
        """Hand over all that waits."""
        while self._waiting:
            self._deliver_slice()

    def _take_turn(self) -> None:
        """Hand over one slice, and the next one when the socket was looked at."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        try:
            self._deliver_slice()
        except Exception:
            # The slice is gone: end the connection, as the event loop does where reading fails.
            self.transport.abort()
            raise
        if self._waiting:
            self._turn = self.loop.call_soon(self._take_turn)
        else:
            self._emptied_ns = time.time_ns()

    def _deliver_slice(self) -> None:
        """Cut the first of what was read into messages, and hand them over."""
        times: list[int] = []
        whole = self._whole = list[bytes]()
        size = 0
        while self._waiting and len(times) < SLICE_MESSAGES and size < SLICE_BYTES:
            recv_ns, data = self._waiting.popleft()
            size += len(data)
            self._frames.feed(data, whole)
            times += [recv_ns] * (len(whole) - len(times))
        self._waiting_bytes -= size
        if whole:
            self._receive(times, whole)

    def _shake_hands(self, head: bytes) -> bytes:
        """Give the library the head of the venue's answer once it is whole; what came behind is returned."""
        first, mark, behind = head.partition(_END_OF_HEAD)
        if not mark and len(head) < _LONGEST_HEAD:
            self._head = head
            return b""
        self._head = None
        super().data_received(first + mark)
        return behind

    def eof_received(self) -> None:
        if self._head:
            super().data_received(self._head)
        self.deliver()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        try:
            self.deliver()
        finally:
            if self._turn is not None:
                self._turn.cancel()
            super().connection_lost(exc)

    def process_event(self, event: Request | Response | Frame) -> None:
        if type(event) is not Frame or event.opcode not in DATA_OPCODES:
            super().process_event(event)
            return
        self._parts.append(bytes(event.data))
        if event.fin:
            self._whole.append(b"".join(self._parts))
            self._parts.clear()


_GATHER_NS = int(GATHER_SECONDS * 1e9)
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 256 * 1024  # more than the library accepts: it then says what is wrong


class _WebSocketWire:
    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except WebSocketException as error:
            raise WireError(_in_words(error)) from error

    async def close(self) -> None:
        await self._connection.close()

    async def lost(self) -> str:
        await self._connection.wait_closed()
        code, reason = self._connection.close_code, self._connection.close_reason
        if code is None or code == _ABNORMAL:
            return f"connection lost: {self._connection.protocol.close_exc}"
        return f"closed with code {code}" + (f": {reason}" if reason else "")

    def deliver(self) -> None:
        self._connection.deliver()

    def pause(self) -> None:
        self._connection.transport.pause_reading()

    def resume(self) -> None:
        self._connection.transport.resume_reading()


_ABNORMAL = 1006
"""What the library reports when the TCP connection ended without a closing handshake."""


def _in_words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, EOFError):
        return "the other side hung up"
    return str(error) or type(error).__name__
