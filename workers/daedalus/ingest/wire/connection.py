"""The library's websocket connection, with messages handed over in batches instead of queued.

At a recorder's rates the cost is not parsing but waking: a client that hands each message to a waiting
coroutine pays for a future, a queue and a second turn of the event loop per message, and runs with cold
processor caches after each wake-up. So this connection only notes the time where the socket is read. A tenth
of a second later it cuts what was read into messages and hands them to a plain function, in slices between
which the socket is read again. Where messages are rare it does so at once.

Memory is bounded whatever an exchange sends: at most a read or two wait to be handed over, a run of pings is
answered once, and nothing more is read from an exchange that does not read our answers.
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
"""What is read so soon after the last hand-over waits for the next one."""

GATHER_BYTES = 64 * 1024
"""More than this is handed over at once."""

BACKLOG_BYTES = 256 * 1024
"""With more waiting, reading stops: tiny frames take many turns to hand over."""

SLICE_MESSAGES = 32
SLICE_BYTES = 64 * 1024
"""What is handed over in one turn of the event loop: more would delay the next time stamp."""

LATEST_SECONDS = 2 * GATHER_SECONDS
"""The longest time from a message's time stamp to its hand-over, unless the loop is held up."""

Receive = Callable[[list[int], list[bytes]], None]
"""Called with times and messages: whole messages, and for each the UTC ns when its last bytes were read.

The call comes up to `LATEST_SECONDS` after that time."""

_GATHER_NS = int(GATHER_SECONDS * 1e9)
_END_OF_HEAD = b"\r\n\r\n"
_LONGEST_HEAD = 256 * 1024  # more than the library accepts: it says what is wrong
_PING, _PONG = 0x89, 0x8A
_OF_A_MESSAGE = frozenset((0x00, 0x80, 0x01, 0x02))  # first bytes of the fragments of a message
_LONGEST_CONTROL = 125


class Connection(ClientConnection):
    """The library sees the handshake, closing frames, and all that an exchange must not send."""

    def __init__(self, receive: Receive, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._receive = receive
        self._whole: list[bytes] = []
        self._fragments = Fragments(MAX_MESSAGE_BYTES)
        self._frames = FrameSplitter(self._odd, MAX_MESSAGE_BYTES)
        self._head: bytes | None = b""  # the answer to the handshake so far; None after it
        self._open = False
        self._waiting: deque[tuple[int, bytes]] = deque()  # when it was read (UTC ns), and the bytes
        self._waiting_bytes = 0
        self._emptied_ns = 0
        self._turn: asyncio.Handle | None = None  # the next hand-over
        self._ping: bytes | None = None  # the newest one without an answer
        self._heard = True  # since our last ping
        self._held = False  # by our user
        self._reading = True
        self._ending: asyncio.TimerHandle | None = None
        self.given_up = ""
        """Why we ended the connection without a closing handshake."""
        self.handshake_seconds: float | None = None
        """How long the handshake may take; None: until the opening as a whole times out."""

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
        """Hand over everything that waits."""
        while self._waiting:
            self._deliver_slice()

    def _take_turn(self) -> None:
        """Hand over one slice; the next one after the socket was read again."""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None
        try:
            self._deliver_slice()
        except Exception:
            # The slice is lost: end the connection, as the event loop does where reading fails.
            self.transport.abort()
            raise
        if self._waiting:
            self._turn = self.loop.call_soon(self._take_turn)
        else:
            self._emptied_ns = time.time_ns()
        if not self._reading:
            self._read_or_not()

    def _deliver_slice(self) -> None:
        """Cut the oldest bytes into messages, and hand them over."""
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
        """Give the library the head of the answer once it is complete; returns the bytes after it."""
        first, mark, behind = head.partition(_END_OF_HEAD)
        if not mark and len(head) < _LONGEST_HEAD:
            self._head = head
            return b""
        self._head = None
        super().data_received(first + mark)
        return behind

    def _odd(self, frame: bytes) -> None:
        """Take a frame that is no whole message. Floods of them cost little time and no memory."""
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
        """Answer only the newest of several pings, as RFC 6455, 5.5.3 allows."""
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
        """Read while little waits, our user has room, and the exchange reads our answers."""
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
        """Ping at each interval; give up where neither a pong nor data came since the last ping."""
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
        """Give an exchange that sent a closing frame, or broke the protocol, a moment to hang up."""
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
