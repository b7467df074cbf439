"""One websocket connection as the library has it, with messages handed over at once instead of queued.

At the rates a recorder sees, what costs is not parsing but waking: a client that hands each message to a
waiting coroutine pays for a future, a queue and a second turn of the event loop per message, and whatever
runs right after a wake-up finds the processor's caches cold. So this connection only notes the time where
the socket is read; a tenth of a second later it cuts all that was read into messages and hands them to a
plain function, in slices between which the socket is looked at. Where messages are rare it does so at once.

Nothing here grows with what an exchange sends: what is not handed over yet is one read or two, a run of pings
is answered once, and where the exchange does not take what we send, nothing more is read from it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.frames import CloseCode
from websockets.protocol import CONNECTING, OPEN

from .frames import Fragments, FrameSplitter, payload_of

__all__ = [
    "CLOSE_TIMEOUT_SECONDS",
    "LATEST_SECONDS",
    "MAX_MESSAGE_BYTES",
    "SLICE_MESSAGES",
    "Connection",
    "Receive",
]

MAX_MESSAGE_BYTES = 64 * 1024 * 1024
"""Whole books come in one message (Coinbase: 5 MB); the library's default of 1 MiB cuts them off."""

CLOSE_TIMEOUT_SECONDS = 2.0

GATHER_SECONDS = 0.1
"""What is read within so long of the last handing over waits for the next one."""

GATHER_BYTES = 64 * 1024
"""More than that does not wait."""

BACKLOG_BYTES = 256 * 1024
"""With so much waiting nothing more is read: what is cut into tiny frames takes many turns."""

SLICE_MESSAGES = 32
SLICE_BYTES = 64 * 1024
"""So much is handed over in one turn of the event loop: more would hold up the next time stamp."""

LATEST_SECONDS = 2 * GATHER_SECONDS
"""How long after its time stamp a message is handed over at the latest, unless the loop is held up."""

Receive = Callable[[list[int], list[bytes]], None]
"""Called with the messages that are whole, and for each the UTC ns at which its last bytes were read.

The call comes up to `LATEST_SECONDS` after that time."""

_GATHER_NS = int(GATHER_SECONDS * 1e9)
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 256 * 1024  # more than the library accepts: it then says what is wrong
_PING, _PONG = 0x89, 0x8A
_OF_A_MESSAGE = frozenset((0x00, 0x80, 0x01, 0x02))  # the first byte of a frame that is a part of one
_LONGEST_CONTROL = 125


class Connection(ClientConnection):
    """The library sees the handshake, closing, and all that an exchange must not send, in whole frames."""

    def __init__(self, receive: Receive, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receive = receive
        self._whole: list[bytes] = []
        self._fragments = Fragments(MAX_MESSAGE_BYTES)
        self._frames = FrameSplitter(self._odd, MAX_MESSAGE_BYTES)
        self._head: bytes | None = b""  # what came of the answer to the handshake; None after it
        self._open = False
        self._waiting: deque[tuple[int, bytes]] = deque()  # when it was read (UTC ns), and what
        self._waiting_bytes = 0
        self._emptied_ns = 0
        self._turn: asyncio.Handle | None = None  # the next handing over
        self._ping: bytes | None = None  # the newest that is not answered yet
        self._heard = True  # since our last ping
        self._held = False  # by who reads us
        self._reading = True
        self._ending: asyncio.TimerHandle | None = None
        self.given_up = ""
        """Why we ended the connection without a closing handshake."""
        self.handshake_seconds: float | None = None
        """How long the handshake may take; None: as long as there is time."""

    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(self.handshake_seconds):
            await super().handshake(*args, **kwargs)

    # Reading

    def data_received(self, data: bytes) -> None:
        recv_ns = time.time_ns()
        self._heard = True
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
            self._read_or_not()
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
        if not self._reading:
            self._read_or_not()

    def _deliver_slice(self) -> None:
        """Cut the first of what was read into messages, and hand them over."""
        times: list[int] = []
        whole = self._whole = list[bytes]()
        size = 0
        while self._waiting and len(times) < SLICE_MESSAGES and size < SLICE_BYTES:
            recv_ns, data = self._waiting.popleft()
            rest = self._frames.feed(data, whole)
            size += len(data) - len(rest)
            times += [recv_ns] * (len(whole) - len(times))
            if rest:
                self._waiting.appendleft((recv_ns, rest))
                break
        self._waiting_bytes -= size
        if self._ping is not None:
            self._answer(self._ping)
        if whole:
            self._receive(times, whole)

    def _shake_hands(self, head: bytes) -> bytes:
        """Give the library the head of the answer once it is complete; return the bytes after it."""
        first, mark, behind = head.partition(_END_OF_HEAD)
        if not mark and len(head) < _LONGEST_HEAD:
            self._head = head
            return b""
        self._head = None
        super().data_received(first + mark)
        return behind

    def _odd(self, frame: bytes) -> None:
        """Take what is no whole message. Floods of it cost next to nothing, in time and in memory."""
        first = frame[0]
        if not self._frames.given_up:
            if first == _PING and frame[1] <= _LONGEST_CONTROL:
                self._ping = frame
                return
            if first == _PONG and frame[1] <= _LONGEST_CONTROL:
                return
            if first in _OF_A_MESSAGE:
                self._take_part(frame)
                return
        super().data_received(frame)
        self._end_soon()

    def _take_part(self, frame: bytes) -> None:
        try:
            message = self._fragments.add(frame)
        except ValueError as error:
            if self.protocol.state is OPEN:
                self.protocol.fail(CloseCode.PROTOCOL_ERROR, str(error))
                self.send_data()
            self._frames.given_up = True
            self._end_soon()
            return
        if message is not None:
            self._whole.append(message)

    def _answer(self, ping: bytes) -> None:
        """Answer the newest of several pings alone, as RFC 6455, 5.5.3 allows."""
        self._ping = None
        if self.protocol.state is OPEN:
            self.protocol.send_pong(payload_of(ping))
            self.send_data()

    # Holding back

    def hold(self, *, held: bool) -> None:
        """Stop reading, or read again: the kernel's buffers fill, and TCP slows the exchange down."""
        self._held = held
        self._heard = True
        self._read_or_not()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._read_or_not()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._read_or_not()

    def _read_or_not(self) -> None:
        """Read where little waits, who reads us has room, and the exchange takes what we answer."""
        wanted = not (self._held or self.paused or self._waiting_bytes > BACKLOG_BYTES)
        if wanted is self._reading or self.transport.is_closing():
            return
        self._reading = wanted
        if wanted:
            self.transport.resume_reading()
        else:
            self.transport.pause_reading()

    # Its end

    async def keepalive(self) -> None:
        """Ping now and then; give up where nothing came since the ping before, neither a pong nor data."""
        assert self.ping_interval is not None
        pinged = False
        while True:
            await asyncio.sleep(self.ping_interval)
            if pinged and not self._heard and not self._held:
                self._give_up(f"nothing came for {self.ping_interval:g} s, not even the answer to a ping")
                return
            self._heard, pinged = False, True
            if self.protocol.state is OPEN and not self.paused:
                self.protocol.send_ping(b"")
                self.send_data()

    def _give_up(self, reason: str) -> None:
        self.given_up = self.given_up or reason
        self.transport.abort()

    def _end_soon(self) -> None:
        """An exchange that has said its farewell, or broke the protocol, has a moment to hang up."""
        if self._ending is None and self.protocol.close_expected():
            self._ending = self.loop.call_later(CLOSE_TIMEOUT_SECONDS, self.transport.abort)

    def eof_received(self) -> None:
        if self._head:
            super().data_received(self._head)
        self.deliver()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        try:
            self.deliver()
        finally:
            for handle in (self._turn, self._ending):
                if handle is not None:
                    handle.cancel()
            super().connection_lost(exc)
