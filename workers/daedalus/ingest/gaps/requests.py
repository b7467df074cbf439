"""Asks an exchange for its past, request by request, until each has an answer that counts.

An error that may pass, a page, half an answer do not count: they are logged, and the request is made again,
ever more slowly. While REST is in trouble, all streams together ask as rarely as one.
"""

from __future__ import annotations

import asyncio
import logging
import time

from ...exchanges.model import Data, Exchange, Missing, RestRequest
from ...exchanges.reading import UNREADABLE, excerpt, number_of
from ...worker.backoff import Backoff
from ...worker.rate_limited_log import RateLimitedLog
from ..rest.client import RestClient, RestError

__all__ = ["BackfillRequests", "NoAnswerError"]

log = logging.getLogger("daedalus.ingest.gaps.requests")

RETRY_SECONDS = 1.0
"""The least time before a request is made again."""

GIVE_UP_SECONDS = 24 * 3600.0
"""For how long one request is made again and again while REST gives no answer at all."""

GIVE_UP_ANSWERS_SECONDS = 3600.0
"""The same while it answers, but with no list of trades: other requests may fare better."""

REQUESTS_UNDER_WAY = 2


class NoAnswerError(Exception):
    """The exchange gave no answer that counts: what it has is unknown."""


class BackfillRequests:
    """The requests of one exchange; all its streams share them."""

    def __init__(self, exchange: Exchange, rest: RestClient) -> None:
        self._exchange = exchange
        self._rest = rest
        self._turns = asyncio.Semaphore(REQUESTS_UNDER_WAY)
        self._trouble = _patience()
        self._not_before = 0.0
        self._rate_limited = RateLimitedLog(log)

    async def ask(self, wanted: Missing, request: RestRequest) -> tuple[Data, bytes]:
        """The first answer that is a list of trades, with its header.

        Raises `RestError` where the exchange refuses the request for good, `NoAnswerError` where it is given
        up.
        """
        backoff = _patience()
        began = time.monotonic()
        answering_since: float | None = None
        while True:
            try:
                body = await self._get(request)
            except RestError as error:
                if not error.passing:
                    raise
                why, answering_since = str(error), None
            else:
                header = self._exchange.rest.classify_backfill(wanted.channel, wanted.symbol, body)
                if isinstance(header, Data):
                    return header, body
                why = f"{request.path}: the exchange answers {excerpt(body) or 'nothing'}"
                answering_since = time.monotonic() if answering_since is None else answering_since
            self._rate_limited.warning(
                "again", "%s %s, asked for again: %s", wanted.channel, wanted.symbol, why
            )
            now = time.monotonic()
            if now - began >= GIVE_UP_SECONDS or (
                answering_since is not None and now - answering_since >= GIVE_UP_ANSWERS_SECONDS
            ):
                raise NoAnswerError(f"given up after {(now - began) / 3600:.1f} h: {why}")
            await asyncio.sleep(RETRY_SECONDS + backoff.next_delay())

    def times(self, header: Data, body: bytes) -> dict[int, int]:
        """The times (UTC ns) of an answer's trades by id; trades without an id count down from -1."""
        try:
            rows = self._exchange.rest.normalize_backfill(header, body)
        except UNREADABLE:
            return {}
        return {
            number: row.timestamp
            for place, row in enumerate(rows)
            if row.timestamp is not None
            and (number := -1 - place if header.ids is None else number_of(row)) is not None
        }

    async def _get(self, request: RestRequest) -> bytes:
        async with self._turns:
            while (wait := self._not_before - time.monotonic()) > 0:  # noqa: ASYNC110 - a time, no event
                await asyncio.sleep(wait)
            try:
                body = await self._rest.get(request)
            except RestError as error:
                if error.passing:
                    self._not_before = time.monotonic() + self._trouble.next_delay()
                raise
            self._trouble = _patience()
            return body


def _patience() -> Backoff:
    return Backoff(base=2.0, cap=300.0)
