"""Fetches whole books over REST for the sessions that need them, one after the other."""

from __future__ import annotations

import asyncio
import logging

from ..exchanges.base import Venue
from .backoff import Backoff
from .counters import Counters
from .quiet import QuietLog
from .rest import RestClient, RestError
from .session import Session

__all__ = ["Snapshots"]

log = logging.getLogger("daedalus.ingest.snapshots")

ATTEMPT_SPACING_SECONDS = 2.0


class Snapshots:
    """A queue of books to fetch. The REST client keeps the venue's pace; here it is only retried."""

    def __init__(self, venue: Venue, rest: RestClient, counters: Counters) -> None:
        self._venue = venue
        self._rest = rest
        self._counters = counters
        self._asked: asyncio.Queue[tuple[Session, str, str]] = asyncio.Queue()
        self._queued: set[tuple[str, str]] = set()
        self._quiet = QuietLog(log)

    def ask(self, session: Session, channel: str, symbol: str) -> None:
        """A session needs the book of a symbol; asking again while it waits changes nothing."""
        wanted = (session.conn, symbol)
        if wanted not in self._queued and not session.over:
            self._queued.add(wanted)
            self._asked.put_nowait((session, channel, symbol))

    async def run(self) -> None:
        """Fetch what is asked for until cancelled."""
        backoff = Backoff(base=ATTEMPT_SPACING_SECONDS)
        while True:
            session, channel, symbol = await self._asked.get()
            self._queued.discard((session.conn, symbol))
            if session.over:
                continue
            try:
                body = await self._rest.get(self._venue.snapshot_request(symbol))
            except RestError as error:
                self._counters.snapshot_failures += 1
                self._quiet.warning("fetch", "no snapshot of %s yet: %s", symbol, error)
                self.ask(session, channel, symbol)
                await asyncio.sleep(backoff.next_delay())
                continue
            backoff = Backoff(base=ATTEMPT_SPACING_SECONDS)
            self._counters.snapshots += 1
            session.record_snapshot(channel, symbol, body)
