"""One client's connection: what is sent over it, and which faults apply.

Sending never waits: an exchange does not slow down for a slow reader. A client that lets too much pile up
is disconnected, as real exchanges do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.frames import Frame, Opcode
from websockets.protocol import Event, State

from .faults import Courier
from .options import Faults
from .post import without_body
from .protocol import Session

__all__ = ["POLICY", "ArrivalLimit", "Client", "Log", "Sent", "SimulatedConnection"]

_MOST_WAITING = 64 * 2**20

POLICY = 1008
"""The close code for a connection that broke the exchange's rules."""


class Sent(Struct, frozen=True):
    """One message: the number of its connection (from 0), its stream ("": no market data), its text."""

    connection: int
    stream: str
    payload: str | bytes


Log = Callable[[Sent], None]


class ArrivalLimit:
    """Limits the frames received within one second."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._arrivals: deque[float] = deque()

    def exceeded(self, now: float) -> bool:
        """Count an arrival (seconds of a monotonic clock); whether it exceeds the limit."""
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        return len(self._arrivals) > self._per_second


class SimulatedConnection(ServerConnection):
    """A websocket connection that counts received frames, pings and pongs included, as some exchanges do.

    ``body``: the body of a POST, which the websockets library handles as a GET.
    """

    session: Session | None = None
    limit: ArrivalLimit | None = None
    body: bytes | None = None
    _first: bytes | None = b""  # received so far, while it may be the beginning of a POST
    _closing: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Remove the body of a POST."""
        if self._first is not None:
            self._first += data
            request = without_body(self._first)
            if request is None:
                return
            (data, self.body), self._first = request, None
        super().data_received(data)

    def process_event(self, event: Event) -> None:
        """Count a processed frame; too many within one second close the connection."""
        super().process_event(event)
        if (
            self.limit is None
            or self._closing
            or not isinstance(event, Frame)
            or event.opcode is Opcode.CLOSE
        ):
            return
        if self.limit.exceeded(self.loop.time()):
            self._closing = self.loop.create_task(self.close(POLICY, "Too many requests"))


class Client:
    """One connection that the exchange serves.

    ``log`` is called for every message that was sent, ``log_lost`` for every message that a fault dropped.
    Messages still queued when the connection ended are in neither.
    """

    def __init__(
        self,
        number: int,
        connection: SimulatedConnection,
        session: Session,
        frame: Callable[[Session, str], str],
        faults: Faults,
        log: Log | None,
        log_lost: Log | None,
    ) -> None:
        self.number = number
        self.connection = connection
        self.session = session
        self.playing = False
        self._frame = frame
        self._courier = None if faults == Faults() else Courier(faults, number)
        self._delay = faults.delay_seconds
        self._delayed: deque[tuple[str, str | bytes] | None] = deque()
        self._log = log
        self._log_lost = log_lost

    @property
    def waiting(self) -> int:
        """Bytes (or characters) that the operating system has not accepted yet."""
        delayed = sum(len(each[1]) for each in self._delayed if each) if self._delayed else 0
        return delayed + self.connection.transport.get_write_buffer_size()

    @property
    def _ended(self) -> bool:
        return self.connection.transport.is_closing() or self.connection.state is not State.OPEN

    async def drain(self) -> None:
        """Wait until the operating system has accepted nearly everything."""
        await self.connection.drain()

    def answer(self, text: str) -> None:
        """Send a message that is not market data: faults neither count nor drop it."""
        self._pass_on(("", self._frame(self.session, text)))

    def deliver(self, stream: str, payload: str | bytes, *, lost: bool = False) -> None:
        """Send market data, unless it is lost for all connections or a fault of this one drops it.

        Bytes of a recording are sent unchanged.
        """
        if self._ended:
            return
        if self._courier is not None and self._courier.mutes(stream):
            self._lose(stream, payload)  # a stream that is not sent is not numbered either
            return
        if isinstance(payload, str):
            payload = self._frame(self.session, payload)
        if lost:
            self._lose(stream, payload)
            return
        if self._courier is None:
            self._pass_on((stream, payload))
            return
        fate = self._courier.carry(stream, payload)
        if fate.lost:
            self._lose(stream, payload)
        for each in fate.sent:
            self._pass_on(each)
        if fate.ends:
            self._pass_on(None)

    def _lose(self, stream: str, payload: str | bytes) -> None:
        if self._log_lost is not None:
            self._log_lost(Sent(self.number, stream, payload))

    def _pass_on(self, message: tuple[str, str | bytes] | None) -> None:
        if not self._delay:
            self._write(message)
            return
        self._delayed.append(message)
        self.connection.loop.call_later(self._delay, lambda: self._write(self._delayed.popleft()))

    def _write(self, message: tuple[str, str | bytes] | None) -> None:
        if message is None:
            self.connection.transport.close()  # queued messages still go out, without a closing handshake
            return
        if self._ended:
            return
        stream, payload = message
        broadcast((self.connection,), payload, text=True)
        if self._log is not None:
            self._log(Sent(self.number, stream, payload))
        if self.connection.transport.get_write_buffer_size() > _MOST_WAITING:
            self.connection.transport.abort()
