"""The recorder's state: what all connections of one exchange share on the way into the store.

It hands records to the writer, stops all reading while too many of them wait for the disk, and says
when there is room again. Nothing is dropped here: a full queue is the exchange's to wait for (TCP), and
if the exchange will not wait, the loss has a cause in the ledger.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from ..exchanges.continuity import Continuity
from ..exchanges.model import Exchange, Subscription
from ..store.raw import RawRecord
from .counters import Bookless, Counters
from .gaps.live import LiveGaps

__all__ = ["Pausable", "RecorderState", "Sink"]


class Sink(Protocol):
    """What the recorder needs of the writer."""

    @property
    def waiting(self) -> int:
        """Records that were appended and are not yet in a file."""

    def append(self, record: RawRecord) -> None:
        """Take one record; never blocks."""


class Pausable(Protocol):
    """A connection whose reading can be stopped."""

    @property
    def heard_ns(self) -> int:
        """When the last came that it has handed over (UTC ns)."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...


class RecorderState:
    """One exchange's records on their way to the writer. Only `wake` may be called from other threads."""

    def __init__(self, exchange: Exchange, sink: Sink, *, queue_maxsize: int, batch_size: int) -> None:
        self.exchange = exchange
        self.counters = Counters()
        self.continuity = Continuity(exchange.channels)
        self.gaps = LiveGaps(exchange, self.continuity, self.counters)
        self.serving: Counter[tuple[str, str]] = Counter()
        """By how many connections each stream (channel, symbol) is served now."""
        self.unasked: set[tuple[str, str]] = set()
        """The streams that are to be recorded and that no connection of this process was asked for yet."""
        self.silences = self.counters.silences
        self.news = asyncio.Event()
        """Set where the status should say at once what has changed."""
        self._unserved: dict[tuple[str, str], int] = {}
        self.append: Callable[[RawRecord], None] = sink.append
        self.wake = threading.Event()
        """Set where the writer has enough to do before its next turn is due."""
        self._sink = sink
        self._queue_maxsize = queue_maxsize
        self._batch_size = batch_size
        self._fresh = 0  # records since the writer was last woken
        self._sessions: set[Pausable] = set()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def paused(self) -> bool:
        """Whether reading is stopped because the writer cannot keep up."""
        return not self._room.is_set()

    def join(self, session: Pausable) -> None:
        """A connection is open; it is paused and resumed with all others."""
        self._sessions.add(session)
        if self.paused:
            session.pause()

    def leave(self, session: Pausable) -> None:
        """A connection has ended."""
        self._sessions.discard(session)

    def void(self, channel: str, symbol: str) -> None:
        """Nothing is known of a book until its next snapshot over REST."""
        self.counters.bookless.setdefault((channel, symbol), Bookless(time.time_ns()))

    def serves(self, stream: tuple[str, str], at_ns: int) -> None:
        """One more connection is proved to serve a stream: what nobody served before may be fetched."""
        if self.silences.since_ns.pop(stream, None) or not self.counters.served_ns:
            self.counters.served_ns = self.counters.served_ns or at_ns
            self.news.set()
        self.serving[stream] += 1
        since_ns = self._unserved.pop(stream, None)
        if since_ns is not None:
            self.gaps.outage(Subscription(*stream), since_ns, at_ns)

    def serves_no_more(self, stream: tuple[str, str], heard_ns: int) -> None:
        """One connection less serves a stream; it heard its last at ``heard_ns``."""
        self.serving[stream] -= 1
        if not self.serving[stream]:
            self._unserved[stream] = heard_ns

    def fell_silent(self, stream: tuple[str, str], heard_ns: int) -> None:
        """A stream alone brings nothing on one of its connections since then."""
        self.serves_no_more(stream, heard_ns)
        if not self.serving[stream]:
            self.silences.since_ns[stream] = heard_ns
            self.news.set()

    def heard_ns(self, now_ns: int) -> int:
        """Until when all that came over the open connections was appended (UTC ns)."""
        return min((session.heard_ns for session in self._sessions), default=now_ns)

    def received(self, count: int) -> None:
        """So many records were appended: look at how many wait."""
        self._fresh += count
        if self._fresh >= self._batch_size:
            self._fresh = 0
            self.wake.set()
        waiting = self._sink.waiting
        if waiting >= self._queue_maxsize and self._room.is_set():
            self._room.clear()
            self.counters.pauses += 1
            for session in self._sessions:
                session.pause()

    def written(self) -> None:
        """The writer has had a turn: read again where there is room."""
        if self.paused and self._sink.waiting <= self._queue_maxsize // 2:
            self._room.set()
            for session in self._sessions:
                session.resume()

    async def room(self) -> None:
        """Wait until there is room for more."""
        await self._room.wait()
