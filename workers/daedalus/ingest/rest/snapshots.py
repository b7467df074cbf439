"""Fetches whole books over REST for the connections that need them, until each has one.

An answer that is no book (a page, an error with status 200, half a book) is counted, logged and asked for
again. A few requests are under way at a time, so that one symbol's trouble holds up no other.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from msgspec import Struct, field

from ...exchanges.model import Data, Exchange
from ...exchanges.reading import UNREADABLE, excerpt
from ...worker.backoff import Backoff
from ...worker.rate_limited_log import RateLimitedLog
from ..counters import Counters
from .client import RestClient, RestError

__all__ = ["NeedsBooks", "Snapshots"]

log = logging.getLogger("daedalus.ingest.rest.snapshots")

ATTEMPT_SPACING_SECONDS = 2.0
FETCHED_AT_A_TIME = 3


class NeedsBooks(Protocol):
    """The books of one connection."""

    @property
    def conn(self) -> str:
        """The connection's name."""

    @property
    def over(self) -> bool:
        """Whether the connection has ended: it needs no book any more."""

    def record(self, channel: str, symbol: str, last: int, body: bytes) -> bool:
        """Store a snapshot that holds everything up to id ``last``; whether it is new enough."""

    def failed(self, channel: str, symbol: str, reason: str) -> None:
        """A request brought no snapshot, and why."""


def _backoff() -> Backoff:
    return Backoff(base=ATTEMPT_SPACING_SECONDS)


class _Wanted(Struct):
    books: NeedsBooks
    channel: str
    symbol: str
    backoff: Backoff = field(default_factory=_backoff)


class Snapshots:
    """A queue of books to fetch. The REST client keeps to the budget; failures are repeated here."""

    def __init__(self, exchange: Exchange, rest: RestClient, counters: Counters) -> None:
        self._exchange = exchange
        self._rest = rest
        self._counters = counters
        self._queue: asyncio.Queue[_Wanted] = asyncio.Queue()
        # In the queue, under way, or waiting for another attempt: each book of a connection is there once.
        self._wanted: set[tuple[str, str]] = set()
        self._rate_limited = RateLimitedLog(log)

    def ask(self, books: NeedsBooks, channel: str, symbol: str) -> None:
        """A connection needs the book of a symbol; asking again while it waits changes nothing."""
        wanted = (books.conn, symbol)
        if wanted not in self._wanted and not books.over:
            self._wanted.add(wanted)
            self._queue.put_nowait(_Wanted(books, channel, symbol))

    async def run(self) -> None:
        """Fetch what is asked for until cancelled."""
        await asyncio.gather(*(self._fetch_one_after_the_other() for _ in range(FETCHED_AT_A_TIME)))

    async def _fetch_one_after_the_other(self) -> None:
        trouble = _backoff()
        while True:
            wanted = await self._queue.get()
            if wanted.books.over:
                self._wanted.discard((wanted.books.conn, wanted.symbol))
                continue
            try:
                body = await self._rest.get(self._exchange.rest.snapshot_request(wanted.symbol))
            except RestError as error:
                self._failed(wanted, str(error))
                self._queue.put_nowait(wanted)
                await asyncio.sleep(trouble.next_delay())
                continue
            trouble = _backoff()
            self._take(wanted, body)

    def _take(self, wanted: _Wanted, body: bytes) -> None:
        last = _last_of(self._exchange, wanted.symbol, body)
        if last is None:
            self._failed(wanted, f"the exchange answers {excerpt(body) or 'nothing'}")
        else:
            self._counters.snapshot_fetched()
            if wanted.books.record(wanted.channel, wanted.symbol, last, body):
                self._wanted.discard((wanted.books.conn, wanted.symbol))
                return
        # No book, or one older than the stream: ask again, later each time.
        delay = max(ATTEMPT_SPACING_SECONDS / 2, wanted.backoff.next_delay())
        asyncio.get_running_loop().call_later(delay, self._queue.put_nowait, wanted)

    def _failed(self, wanted: _Wanted, why: str) -> None:
        self._counters.snapshot_failed()
        self._rate_limited.warning(
            "fetch", "no snapshot of %s yet, it is asked for again: %s", wanted.symbol, why
        )
        wanted.books.failed(wanted.channel, wanted.symbol, why)


def _last_of(exchange: Exchange, symbol: str, body: bytes) -> int | None:
    """The id up to which a body holds the whole book; None where it is no book that can be read whole."""
    header = exchange.rest.classify_snapshot(symbol, body)
    if not isinstance(header, Data) or header.ids is None:
        return None
    try:
        exchange.rest.normalize_snapshot(header, body)
    except UNREADABLE:
        return None
    return header.ids.last
