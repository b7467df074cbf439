"""Frames that a connection has lost, where the exchange numbers them (`Proof.SEQUENCE`).

No one knows which streams the frames were of, so every stream of the connection gets a row. Rows are written
at once and then at most once a second: an exchange that leaves out every second frame must not cost a row per
frame and stream.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from ...exchanges.model import Channel, Subscription
from ..journal import Journal
from .served_streams import ServedStreams

__all__ = ["LostFrames"]

INTERVAL_SECONDS = 1.0


class LostFrames:
    """Writes rows of lost frames into ``journal``.

    ``on_gap`` is called for each stream that only this connection serves, with from when to when (UTC ns)
    frames may be missing; ``on_books_invalid`` where a book of the connection may have missed a delta.
    """

    def __init__(
        self,
        channels: Mapping[str, Channel],
        journal: Journal,
        served: ServedStreams,
        on_gap: Callable[[Subscription, int, int], None],
        on_books_invalid: Callable[[], None],
    ) -> None:
        self._channels = channels
        self._journal = journal
        self._served = served
        self._on_gap = on_gap
        self._on_books_invalid = on_books_invalid
        self._loop = asyncio.get_running_loop()
        self._written_at = float("-inf")
        self._waiting: tuple[int, int] | None = None

    def lost(self, count: int, from_ns: int) -> None:
        """So many more frames are missing, since ``from_ns`` (UTC ns)."""
        if self._waiting is not None:
            before, since_ns = self._waiting
            self._waiting = before + count, min(since_ns, from_ns)
            return
        self._waiting = count, from_ns
        wait = self._written_at + INTERVAL_SECONDS - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self.flush)
        else:
            self.flush()

    def flush(self) -> None:
        """Write down what waits: the second is over, or the connection ends."""
        if self._waiting is None:
            return
        (count, from_ns), self._waiting = self._waiting, None
        self._written_at = self._loop.time()
        at_ns = time.time_ns()
        for each in self._served.asked:
            if not self._channels[each.channel].consecutive:  # their ids show by themselves what is missing
                self._journal.lost(at_ns, each, count, from_ns)
                if self._served.alone(each.channel, each.symbol):
                    self._on_gap(each, from_ns, at_ns)
        if any(self._channels[each.channel].snapshot == "stream" for each in self._served.asked):
            self._on_books_invalid()
