"""Fetches whole books over REST for the sessions that need them, until there is a book.

An answer that holds no book (a page, an error with status 200, half of one) is none: it is counted, told,
and asked for again. A few are under way at a time, so that one symbol's trouble holds up no other.
"""

from __future__ import annotations

import asyncio
import logging

from msgspec import Struct, field

from ...exchanges.model import Data, Exchange
from ...exchanges.reading import UNREADABLE
from ...worker.rate_limited_log import RateLimitedLog
from ..backoff import Backoff
from ..counters import Counters
from ..session.listener import excerpt
from ..session.session import Session
from .client import RestClient, RestError

__all__ = ["Snapshots"]

log = logging.getLogger("daedalus.ingest.rest.client.snapshots")

ATTEMPT_SPACING_SECONDS = 2.0
FETCHED_AT_A_TIME = 3


def _backoff() -> Backoff:
    return Backoff(base=ATTEMPT_SPACING_SECONDS)


class _Wanted(Struct):
    session: Session
    channel: str
    symbol: str
    backoff: Backoff = field(default_factory=_backoff)


class Snapshots:
    """A queue of books to fetch. The REST client keeps the exchange's pace; here it is only retried."""

    def __init__(self, exchange: Exchange, rest: RestClient, counters: Counters) -> None:
        self._exchange = exchange
        self._rest = rest
        self._counters = counters
        self._asked: asyncio.Queue[_Wanted] = asyncio.Queue()
        # In the queue, under way, or waiting for another attempt: a stream of a connection is there once.
        self._wanted: set[tuple[str, str]] = set()
        self._rate_limited = RateLimitedLog(log)

    def ask(self, session: Session, channel: str, symbol: str) -> None:
        """A session needs the book of a symbol; asking again while it waits changes nothing."""
        wanted = (session.conn, symbol)
        if wanted not in self._wanted and not session.over:
            self._wanted.add(wanted)
            self._asked.put_nowait(_Wanted(session, channel, symbol))

    async def run(self) -> None:
        """Fetch what is asked for until cancelled."""
        await asyncio.gather(*(self._fetch_one_after_the_other() for _ in range(FETCHED_AT_A_TIME)))

    async def _fetch_one_after_the_other(self) -> None:
        trouble = _backoff()
        while True:
            wanted = await self._asked.get()
            if wanted.session.over:
                self._wanted.discard((wanted.session.conn, wanted.symbol))
                continue
            try:
                body = await self._rest.get(self._exchange.snapshot_request(wanted.symbol))
            except RestError as error:
                self._failed(wanted, str(error))
                self._asked.put_nowait(wanted)
                await asyncio.sleep(trouble.next_delay())
                continue
            trouble = _backoff()
            self._take(wanted, body)

    def _take(self, wanted: _Wanted, body: bytes) -> None:
        last = _last_of(self._exchange, wanted.symbol, body)
        if last is None:
            self._failed(wanted, f"the exchange answers {excerpt(body) or 'nothing'}")
        else:
            self._counters.snapshots += 1
            if wanted.session.record_snapshot(wanted.channel, wanted.symbol, last, body):
                self._wanted.discard((wanted.session.conn, wanted.symbol))
                return
        # Bad, or older than the stream: again in a moment, and later each time.
        delay = max(ATTEMPT_SPACING_SECONDS / 2, wanted.backoff.next_delay())
        asyncio.get_running_loop().call_later(delay, self._asked.put_nowait, wanted)

    def _failed(self, wanted: _Wanted, why: str) -> None:
        self._counters.snapshot_failures += 1
        self._rate_limited.warning(
            "fetch", "no snapshot of %s yet, it is asked for again: %s", wanted.symbol, why
        )
        wanted.session.no_book(wanted.channel, wanted.symbol, why)


def _last_of(exchange: Exchange, symbol: str, body: bytes) -> int | None:
    """The id up to which a body holds the whole book; None where it is none, or can only be read in part."""
    header = exchange.classify_snapshot(symbol, body)
    if not isinstance(header, Data) or header.ids is None:
        return None
    try:
        exchange.normalize(header, body)
    except UNREADABLE:
        return None
    return header.ids.last
