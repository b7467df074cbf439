"""One connection as the simulated venue sees it: what goes out, and the faults on the way.

Sending never waits: a venue does not slow down for one slow reader. Whoever lets too much pile up is
dropped, as venues do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

from msgspec import Struct
from websockets.asyncio.server import ServerConnection, broadcast
from websockets.frames import Frame, Opcode
from websockets.protocol import Event

from daedalus.simulator.options import Faults
from daedalus.simulator.protocol import Session

__all__ = ["POLICY", "ArrivalLimit", "Client", "Sent", "SimulatedConnection"]

_MOST_WAITING = 64 * 2**20

POLICY = 1008
"""The code with which venues close a connection that broke their rules."""


class Sent(Struct, frozen=True):
    """One message that was sent: to which connection (from 0), of which stream ("" for answers)."""

    connection: int
    stream: str
    payload: str | bytes


class ArrivalLimit:
    """How many frames may come in within one second."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._arrivals: deque[float] = deque()

    def exceeded(self, now: float) -> bool:
        """Count an arrival (seconds of any clock that does not jump); whether it was one too many."""
        self._arrivals.append(now)
        while self._arrivals[0] <= now - 1:
            self._arrivals.popleft()
        return len(self._arrivals) > self._per_second


class SimulatedConnection(ServerConnection):
    """A websocket that counts what comes in, pings and pongs included, as some venues limit it."""

    session: Session | None = None
    limit: ArrivalLimit | None = None
    _closing: asyncio.Task[None] | None = None

    def process_event(self, event: Event) -> None:
        """Count a frame once it is processed; too many in one second end the connection."""
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
    """One connection that the venue serves. ``log`` is told of every message that was sent."""

    def __init__(
        self,
        number: int,
        connection: SimulatedConnection,
        session: Session,
        frame: Callable[[Session, str], str],
        faults: Faults,
        log: Callable[[Sent], None] | None,
    ) -> None:
        self.number = number
        self.connection = connection
        self.session = session
        self._frame = frame
        self._faults = faults
        self._log = log
        self.playing = False
        self._count = 0

    @property
    def waiting(self) -> int:
        """Bytes that the operating system has not taken yet."""
        return self.connection.transport.get_write_buffer_size()

    async def drain(self) -> None:
        """Wait until the operating system has taken nearly everything."""
        await self.connection.drain()

    def answer(self, text: str) -> None:
        """Send what is not data: no fault counts it or holds it back."""
        self._send("", self._frame(self.session, text))

    def deliver(self, stream: str, payload: str | bytes) -> None:
        """Send a message of data, unless a fault is in its way. A recording's bytes go as they are."""
        if isinstance(payload, str):
            payload = self._frame(self.session, payload)
        if self._faults.drop_after is not None and self._count >= self._faults.drop_after:
            return
        if self._faults.stall_after is not None and self._count >= self._faults.stall_after:
            return
        self._count += 1
        self._send(stream, payload)
        if self._count == self._faults.drop_after:
            self.connection.transport.close()  # what was sent still goes out, but no closing handshake

    def _send(self, stream: str, payload: str | bytes) -> None:
        if self.connection.transport.is_closing():
            return
        broadcast((self.connection,), payload, text=True)
        if self._log is not None:
            self._log(Sent(self.number, stream, payload))
        if self.waiting > _MOST_WAITING:
            self.connection.transport.abort()
