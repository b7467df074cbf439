"""Supervises one planned connection: keeps it up for as long as the worker runs.

A session that is lost is followed by another at once, then with growing pauses. A session that must end (the
exchange's 24 hours, a notice) is replaced before it ends: its successor is opened, both deliver for a moment,
and only then the old one is closed. A young session is replaced with the same growing pauses. Duplicates are
removed later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ..store.notes import Cause
from ..worker.backoff import Backoff
from .coverage import Start
from .recorder_state import RecorderState
from .session.session import End, Session
from .wire.client import WireError

__all__ = ["ConnectionSupervisor"]

log = logging.getLogger("daedalus.ingest.supervisor")

OVERLAP_SECONDS = 2.0
REPLACEMENT_TIMEOUT_SECONDS = 60.0
MAX_PATIENCE = 16.0


class ConnectionSupervisor:
    """Keeps one `ConnectionPlan` served. ``new_session`` makes a session, given its patience with silence.

    ``delay_seconds``: wait so long before the first attempt, so that connections do not all open at once.
    """

    def __init__(
        self,
        recorder: RecorderState,
        new_session: Callable[[float], Session],
        backoff: Backoff,
        delay_seconds: float = 0.0,
    ) -> None:
        self._recorder = recorder
        self._delay_seconds = delay_seconds
        self._new_session = new_session
        self._backoff = backoff
        self._sessions: list[Session] = []  # one; two while one replaces the other
        # A channel that stays silent (a halted market) must not cause a new connection every minute.
        self._patience = 1.0

    async def run(self, start: Start) -> None:
        """Serve the plan until cancelled. ``start`` says why it was not served before."""
        lived_seconds = 0.0
        await asyncio.sleep(self._delay_seconds)
        while True:
            await self._recorder.backpressure.wait_for_room()
            await asyncio.sleep(self._backoff.next_delay(lived_seconds))
            session = self._new_session(self._patience)
            self._sessions = [session]
            try:
                await session.open(start)
            except WireError as error:
                log.warning("%s", error)
                lived_seconds = 0.0
                continue
            end = await self._until_over(session)
            self._recorder.counters.connection_lost()
            log.warning("%s: ended after %.1f s: %s", session.conn, end.lived_seconds, end.reason)
            start = Start(end.cause, end.heard_ns)
            lived_seconds = end.lived_seconds
            self._patience = min(self._patience * 2, MAX_PATIENCE) if end.cause == "silence" else 1.0

    async def close(self, cause: Cause, reason: str) -> None:
        """Close what is open, and write down why. The newest first, or its end would look like an outage."""
        await asyncio.gather(*(session.close(cause, reason) for session in reversed(self._sessions)))

    async def _until_over(self, session: Session) -> End:
        """Wait for the end of a session, or of the last of its successors."""
        while True:
            ending = asyncio.ensure_future(session.ended())
            replacing = asyncio.ensure_future(session.replacement.wait())
            try:
                await asyncio.wait((ending, replacing), return_when=asyncio.FIRST_COMPLETED)
                successor = None if ending.done() else await self._succeed(session, ending)
                if successor is None:
                    end = ending.result()
                    await session.close(end.cause, end.reason)
                    return end
            finally:
                ending.cancel()
                replacing.cancel()
            session = successor

    async def _succeed(self, session: Session, ending: asyncio.Future[End]) -> Session | None:
        """Replace a session, trying until it succeeds; None where the session ends before.

        The pauses protect an exchange that announces the end of each new connection, that loses frames on
        each, or that takes no second connection.
        """
        pause = self._backoff.next_delay(session.age_seconds)
        while True:
            await asyncio.wait((ending,), timeout=pause)
            if ending.done():
                return None
            session.replacement.clear()
            successor = await self._replace(session)
            self._sessions = [successor or session]
            if successor is not None:
                return successor
            pause = self._backoff.next_delay()

    async def _replace(self, old: Session) -> Session | None:
        """Open a successor, let both deliver, close the old one. None: it failed, the old one goes on."""
        successor = self._new_session(self._patience)
        self._sessions = [old, successor]
        try:
            await successor.open(Start("replaced"))
        except WireError as error:
            log.warning("%s: no replacement yet: %s", old.conn, error)
            return None
        try:
            async with asyncio.timeout(REPLACEMENT_TIMEOUT_SECONDS):
                while not (successor.delivering or successor.over or old.over):  # noqa: ASYNC110 - three conditions
                    await asyncio.sleep(0.1)
                await asyncio.sleep(OVERLAP_SECONDS)
        except TimeoutError:
            log.warning("%s: its replacement %s brings nothing yet", old.conn, successor.conn)
        await old.close("replaced", "replaced before its end")
        log.info("%s: replaced by %s", old.conn, successor.conn)
        return successor
