"""Holes as they are seen live: counted, told, and handed on to whoever can fill them.

Where one connection alone serves a stream, a hole is one at once. Where another serves it too, that one
has a moment to bring what is missing: then there never was a hole.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from ..exchanges.continuity import Continuity, Hole
from ..exchanges.model import Missing, Subscription, Venue
from .counters import Counters
from .rate_limited_log import RateLimitedLog

__all__ = ["Holes"]

log = logging.getLogger("daedalus.ingest.holes")

PATIENCE_SECONDS = 3.0
MAX_WAITING = 10_000
"""So many holes are given their moment; beyond that the oldest are judged at once."""

OnBookInvalid = Callable[[str, str], None]
"""Called with the channel and the symbol of a book that is invalid now."""


class _Waiting(Struct):
    hole: Hole
    since: float
    on_invalid: OnBookInvalid


class Holes:
    """The holes of one venue. ``ask``: takes what may be fetched over REST; set by the worker."""

    def __init__(self, venue: Venue, continuity: Continuity, counters: Counters) -> None:
        self.ask: Callable[[Missing], None] = lambda _: None
        self._venue = venue
        self._continuity = continuity
        self._counters = counters
        self._waiting: deque[_Waiting] = deque()
        self._rate_limited = RateLimitedLog(log)

    def seen(self, hole: Hole, on_invalid: OnBookInvalid, *, alone: bool) -> None:
        """A message has shown a hole; ``alone``: no other connection can fill it."""
        if alone:
            self._prove(hole, hole.missing, on_invalid, hole.from_id + 1, hole.from_id + (hole.missing or 0))
            return
        if len(self._waiting) >= MAX_WAITING:
            self._judge(self._waiting.popleft())
        self._waiting.append(_Waiting(hole, time.monotonic(), on_invalid))

    def outage(self, stream: Subscription, since_ns: int | None, now_ns: int) -> None:
        """A stream was not served until now. Ids will show what is missing, where there are any."""
        channel = self._venue.channels[stream.channel]
        if channel.table == "trades" and not channel.consecutive and since_ns is not None:
            self.ask(Missing(stream.channel, stream.symbol, None, None, since_ns, now_ns))

    async def run(self) -> None:
        """Judge the holes that had their time, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.judge(time.monotonic())

    def judge(self, now: float) -> None:
        """Prove the waiting holes of which something is missing still."""
        while self._waiting and now - self._waiting[0].since >= PATIENCE_SECONDS:
            self._judge(self._waiting.popleft())

    def _judge(self, waited: _Waiting) -> None:
        hole = waited.hole
        left = [
            (max(first, hole.from_id + 1), min(last, hole.to_id))
            for first, last in self._continuity.open_holes(
                hole.channel, hole.symbol, hole.from_id + 1, hole.to_id
            )
            if first <= hole.to_id and last > hole.from_id
        ]
        if left:
            count = sum(last - first + 1 for first, last in left)
            missing = None if hole.missing is None else count
            self._prove(hole, missing, waited.on_invalid, left[0][0], left[-1][1])

    def _prove(
        self, hole: Hole, missing: int | None, on_invalid: OnBookInvalid, first: int, last: int
    ) -> None:
        """Count and tell the hole, and have what is missing of it, ``first`` to ``last``, fetched."""
        self._counters.holes += 1
        self._counters.missing += missing or 0
        count = "an unknown number of" if missing is None else f"{missing:,}"
        self._rate_limited.warning("hole", "%s %s: %s ids are missing", hole.channel, hole.symbol, count)
        if self._venue.channels[hole.channel].snapshot is not None:
            on_invalid(hole.channel, hole.symbol)
        elif missing is not None:
            self.ask(Missing(hole.channel, hole.symbol, first, last, hole.from_ns, hole.to_ns))
