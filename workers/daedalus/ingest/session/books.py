"""The books of one connection that begin with a snapshot over REST: which wait for theirs, and since when.

A book that waits for long is written down, with the reason, each time an attempt failed and once more when
the snapshot is there or the connection ends: the ledger then says from when to when there was none.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from ...exchanges.model import Subscription
from ...store.raw import RawKind
from ..journal import Journal
from ..recorder_state import RecorderState
from .book_sync import BookSync
from .served_streams import ServedStreams

__all__ = ["FetchedBooks"]

NO_BOOK_NS = 10_000_000_000
"""A book that waited longer for its snapshot is told; a moment is how every one begins."""


class FetchedBooks:
    """``books`` are judged by their ids; ``service``: which streams are served, and by whom else."""

    def __init__(
        self, recorder: RecorderState, journal: Journal, service: ServedStreams, books: BookSync
    ) -> None:
        self._recorder = recorder
        self._bookless = recorder.counters.bookless
        self._journal = journal
        self._service = service
        self._books = books

    def begin(self, channel: str, symbol: str) -> None:
        """The stream begins: nothing is known of its book, unless another connection has it."""
        self._books.begin(symbol)
        if self._service.alone(channel, symbol):
            self._recorder.void(channel, symbol)

    def record(self, channel: str, symbol: str, last: int, body: bytes) -> bool:
        """Store a snapshot that holds all up to ``last``; whether it is new enough."""
        too_old = self._books.snapshot(symbol, last)
        if not too_old:
            self.none_yet(channel, symbol)
            self._bookless.pop((channel, symbol), None)
        self._journal.body(RawKind.SNAPSHOT, channel, symbol, body)
        return not too_old

    def none_yet(self, channel: str, symbol: str, reason: str | None = None) -> None:
        """Write down that there is no book of a stream until now, if it has been so for long.

        ``reason``: why the last attempt to fetch one failed; None: as before.
        """
        waits = self._bookless.get((channel, symbol))
        if waits is None:
            return
        waits.reason = reason or waits.reason
        if time.time_ns() - waits.since_ns >= NO_BOOK_NS:
            self._journal.no_book(channel, symbol, waits.since_ns, waits.reason)

    def end(self, streams: Iterable[Subscription]) -> None:
        """The connection has ended: a book that only it served no longer waits, its stream is down."""
        for each in streams:
            stream = each.channel, each.symbol
            if stream in self._bookless and self._service.alone(*stream):
                self.none_yet(*stream)
                del self._bookless[stream]
