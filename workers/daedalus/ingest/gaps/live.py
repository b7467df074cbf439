"""Gaps as they show while messages come: counted, logged, and handed on to whoever can fill them.

Where one connection alone serves a stream, a jump of its ids is a gap at once. Where a second one serves it
too, that one has a moment to bring the missing ids: then there is no gap.
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
"""How long a second connection has to bring what the first one lacks."""

MAX_WAITING = 10_000
"""How many gaps wait at most; beyond that the oldest are decided at once."""

OnBookInvalid = Callable[[str, str], None]
"""Called with the channel and the symbol of a book that needs a new snapshot."""


class _Waiting(Struct):
    gap: IdGap
    since: float
    on_invalid: OnBookInvalid


class LiveGaps:
    """The gaps of one exchange. ``fetch`` takes what may be filled over REST."""

    def __init__(
        self,
        exchange: Exchange,
        continuity: Continuity,
        counters: Counters,
        fetch: Callable[[Missing], None],
    ) -> None:
        self._exchange = exchange
        self._continuity = continuity
        self._counters = counters
        self._fetch = fetch
        self._waiting: deque[_Waiting] = deque()
        self._rate_limited = RateLimitedLog(log)

    def seen(self, gap: IdGap, on_invalid: OnBookInvalid, *, alone: bool) -> None:
        """A message has shown a gap; ``alone``: no other connection can fill it."""
        if alone:
            self._found(gap, gap.missing, on_invalid, gap.from_id + 1, gap.from_id + (gap.missing or 0))
            return
        if len(self._waiting) >= MAX_WAITING:
            self._decide(self._waiting.popleft())
        self._waiting.append(_Waiting(gap, time.monotonic(), on_invalid))

    def seen_by_time(self, stream: Subscription, from_ns: int, to_ns: int) -> None:
        """Messages of the stream may be missing between these times (UTC ns): an outage, or lost frames."""
        channel = self._exchange.channels[stream.channel]
        if channel.table == "trades" and not channel.consecutive:
            self._fetch(Missing(stream.channel, stream.symbol, None, None, from_ns, to_ns))

    async def run(self) -> None:
        """Decide about waiting gaps when their time is over, until cancelled."""
        while True:
            await asyncio.sleep(1.0)
            self.decide(time.monotonic())

    def decide(self, now: float) -> None:
        """Of the gaps that have waited long enough, count those that are not filled."""
        while self._waiting and now - self._waiting[0].since >= PATIENCE_SECONDS:
            self._decide(self._waiting.popleft())

    def _decide(self, waited: _Waiting) -> None:
        gap = waited.gap
        left = [
            (max(first, gap.from_id + 1), min(last, gap.to_id))
            for first, last in self._continuity.open_gaps(gap.channel, gap.symbol, gap.from_id + 1, gap.to_id)
            if first <= gap.to_id and last > gap.from_id
        ]
        if left:
            count = sum(last - first + 1 for first, last in left)
            missing = None if gap.missing is None else count
            self._found(gap, missing, waited.on_invalid, left[0][0], left[-1][1])

    def _found(
        self, gap: IdGap, missing: int | None, on_invalid: OnBookInvalid, first: int, last: int
    ) -> None:
        """Count and log the gap, and have its ids ``first``..``last`` fetched, or its book."""
        self._counters.gap_found(missing or 0)
        count = "an unknown number of" if missing is None else f"{missing:,}"
        self._rate_limited.warning("gap", "%s %s: %s ids are missing", gap.channel, gap.symbol, count)
        if self._exchange.channels[gap.channel].snapshot is not None:
            on_invalid(gap.channel, gap.symbol)
        elif missing is not None:
            self._fetch(Missing(gap.channel, gap.symbol, first, last, gap.from_ns, gap.to_ns))
