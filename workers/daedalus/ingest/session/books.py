"""The books of one connection: which of them need a snapshot, and how each one gets it.

A snapshot comes over REST (`Snapshots` fetches it) or on the stream itself, after a new subscription. A book
that waits long for one over REST is written down with the reason, after each failed request and once more
when the snapshot is there or the connection ends: the ledger then knows from when to when there was no book.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from ...exchanges.model import Channel, Subscription
from ...store.raw import RawKind
from ..journal import Journal
from ..waiting_books import WaitingBooks
from .book_sync import BookSync
from .served_streams import ServedStreams

__all__ = ["FetchSnapshot", "SessionBooks"]

NO_BOOK_NS = 10_000_000_000
"""A book that waits longer is written down; every book begins by waiting for a moment."""

SNAPSHOT_DELAY_SECONDS = 1.0
"""After subscribing: the snapshot must not be older than the stream's first delta."""

RESUBSCRIBE_SECONDS = 10.0
"""The least time between two subscriptions for the snapshot of one book."""

FetchSnapshot = Callable[["SessionBooks", str, str], None]
"""Called with the books of a connection, the channel and the symbol of one that needs a snapshot."""


class SessionBooks:
    """``fetch`` asks for a snapshot over REST, ``resubscribe`` for one on the stream."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        journal: Journal,
        served: ServedStreams,
        waiting: WaitingBooks,
        fetch: FetchSnapshot,
        resubscribe: Callable[[Subscription], None],
    ) -> None:
        self.conn = journal.conn
        self.sync = BookSync()
        """The books over REST, judged by the ids of their deltas."""
        self.over = False
        """Whether the connection has ended: its books need nothing any more."""
        self._channels = channels
        self._journal = journal
        self._served = served
        self._waiting = waiting
        self._fetch = fetch
        self._resubscribe = resubscribe
        self._loop = asyncio.get_running_loop()
        self._resubscribed_at: dict[tuple[str, str], float] = {}

    def subscribed(self, streams: Iterable[Subscription], *, anew: bool) -> None:
        """The streams begin; ``anew``: what was known of their books is void."""
        for each in streams:
            if self._is_fetched(each.channel):
                if anew:
                    self.sync.begin(each.symbol)
                    if self._served.alone(each.channel, each.symbol):
                        self._waiting.begin((each.channel, each.symbol), time.time_ns())
                self._loop.call_later(SNAPSHOT_DELAY_SECONDS, self._fetch, self, each.channel, each.symbol)

    def invalid(self, channel: str, symbol: str) -> None:
        """A delta is missing: the book is void until its next snapshot.

        A gap may count only after the connection has ended; then one that serves the stream adopts the book.
        """
        if self.over:
            if not self._served.alone(channel, symbol):
                self._waiting.abandoned.add((channel, symbol))
            return
        if self._is_fetched(channel):
            self.sync.begin(symbol)
            self._waiting.begin((channel, symbol), time.time_ns())
        self.need(channel, symbol)

    def adopt(self) -> None:
        """Get snapshots for the abandoned books whose streams this connection serves."""
        for stream in [each for each in self._waiting.abandoned if self._served.serves(*each)]:
            self._waiting.abandoned.discard(stream)
            self.invalid(*stream)

    def need(self, channel: str, symbol: str) -> None:
        """The book needs a snapshot: it is void, or the last snapshot was too old."""
        if self._is_fetched(channel):
            self._fetch(self, channel, symbol)
            return
        now = self._loop.time()
        due = self._resubscribed_at.get((channel, symbol), float("-inf")) + RESUBSCRIBE_SECONDS
        if due > now + RESUBSCRIBE_SECONDS:
            return  # the next subscription is planned already
        if due > now:
            # The last one's snapshot may be on its way, or we compute the exchange's checksum wrongly.
            self._resubscribed_at[channel, symbol] = due
            self._loop.call_later(due - now, self._subscribe_anew, channel, symbol)
            return
        self._resubscribed_at[channel, symbol] = now
        self._subscribe_anew(channel, symbol)

    def record(self, channel: str, symbol: str, last: int, body: bytes) -> bool:
        """Store a snapshot over REST that holds everything up to id ``last``; whether it is new enough."""
        if self.over:
            return True
        too_old = self.sync.snapshot(symbol, last)
        if not too_old:
            self._write_no_book(channel, symbol)
            self._waiting.end((channel, symbol))
        self._journal.body(RawKind.SNAPSHOT, channel, symbol, body)
        return not too_old

    def failed(self, channel: str, symbol: str, reason: str) -> None:
        """A request over REST brought no snapshot, and why."""
        if not self.over:
            self._waiting.failed((channel, symbol), reason)
            self._write_no_book(channel, symbol)

    def end(self) -> None:
        """The connection ends. A book that no other connection serves stops waiting: its stream is down.

        A book that waits and that another connection serves is left to that one.
        """
        for each in self._served.asked:
            stream = each.channel, each.symbol
            if self._served.alone(*stream):
                self._write_no_book(*stream)
                self._waiting.end(stream)
            elif self._waiting.get(stream) is not None:
                self._waiting.abandoned.add(stream)
        self.over = True

    def _is_fetched(self, channel: str) -> bool:
        return self._channels[channel].snapshot == "rest"

    def _subscribe_anew(self, channel: str, symbol: str) -> None:
        if not self.over:
            self._resubscribe(Subscription(channel, symbol))

    def _write_no_book(self, channel: str, symbol: str) -> None:
        """Write down that there is no book until now, if it has waited for long."""
        book = self._waiting.get((channel, symbol))
        if book is not None and time.time_ns() - book.since_ns >= NO_BOOK_NS:
            self._journal.no_book(channel, symbol, book.since_ns, book.reason)
