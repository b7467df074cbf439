"""Gaps as they are seen live: counted, told, and handed on to whoever can fill them.

Where one connection alone serves a stream, a gap is one at once. Where another serves it too, that one
has a moment to bring what is missing: then there never was a gap.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable

from msgspec import Struct

from ...exchanges.continuity import Continuity, IdGap
from ...exchanges.model import Exchange, Missing, Subscription
from ...worker.rate_limited_log import RateLimitedLog
from ..counters import Counters

__all__ = ["LiveGaps"]

log = logging.getLogger("daedalus.ingest.gaps.live")

PATIENCE_SECONDS = 3.0
MAX_WAITING = 10_000
"""So many gaps are given their moment; beyond that the oldest are judged at once."""

OnBookInvalid = Callable[[str, str], None]
"""Called with the channel and the symbol of a book that is invalid now."""


class _Waiting(Struct):
    gap: IdGap
    since: float
    on_invalid: OnBookInvalid


class LiveGaps:
    """The gaps of one exchange. ``ask``: takes what may be fetched over REST; set by the worker."""

    def __init__(self, exchange: Exchange, continuity: Continuity, counters: Counters) -> None:
        self.ask: Callable[[Missing], None] = lambda _: None
        self._exchange = exchange
        self._continuity = continuity
        self._counters = counters
        self._waiting: deque[_Waiting] = deque()
        self._rate_limited = RateLimitedLog(log)

    def seen(self, gap: IdGap, on_invalid: OnBookInvalid, *, alone: bool) -> None:
        """A message has shown a gap; ``alone``: no other connection can fill it."""
        if alone:
            self._prove(gap, gap.missing, on_invalid, gap.from_id + 1, gap.from_id + (gap.missing or 0))
            return
        if len(self._waiting) >= MAX_WAITING:
            self._judge(self._waiting.popleft())
        self._waiting.append(_Waiting(gap, time.monotonic(), on_invalid))

    def outage(self, stream: Subscription, since_ns: int | None, now_ns: int) -> None:
        """A stream was not served until now. Ids will show what is missing, where there are any."""
        channel = self._exchange.channels[stream.channel]
        if channel.table == "trades" and not channel.consecutive and since_ns is not None:
            self.ask(Missing(stream.channel, stream.symbol, None, None, since_ns, now_ns))

    async def run(self) -> None:
        """Judge the gaps that had their time, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.judge(time.monotonic())

    def judge(self, now: float) -> None:
        """Prove the waiting gaps of which something is missing still."""
        while self._waiting and now - self._waiting[0].since >= PATIENCE_SECONDS:
            self._judge(self._waiting.popleft())

    def _judge(self, waited: _Waiting) -> None:
        gap = waited.gap
        left = [
            (max(first, gap.from_id + 1), min(last, gap.to_id))
            for first, last in self._continuity.open_gaps(gap.channel, gap.symbol, gap.from_id + 1, gap.to_id)
            if first <= gap.to_id and last > gap.from_id
        ]
        if left:
            count = sum(last - first + 1 for first, last in left)
            missing = None if gap.missing is None else count
            self._prove(gap, missing, waited.on_invalid, left[0][0], left[-1][1])

    def _prove(
        self, gap: IdGap, missing: int | None, on_invalid: OnBookInvalid, first: int, last: int
    ) -> None:
        """Count and tell the gap, and have what is missing of it, ``first`` to ``last``, fetched."""
        self._counters.gaps += 1
        self._counters.missing += missing or 0
        count = "an unknown number of" if missing is None else f"{missing:,}"
        self._rate_limited.warning("gap", "%s %s: %s ids are missing", gap.channel, gap.symbol, count)
        if self._exchange.channels[gap.channel].snapshot is not None:
            on_invalid(gap.channel, gap.symbol)
        elif missing is not None:
            self.ask(Missing(gap.channel, gap.symbol, first, last, gap.from_ns, gap.to_ns))
