"""Fetches over REST what the websocket has lost, and writes down what became of each gap.

The exchange's answers are stored byte for byte, as rows of kind ``backfill``; the normalizer takes out of
them what was missing. Nothing here is urgent: each stream by itself, its oldest gaps first, two requests at
a time, within the exchange's budget. Only an answer that the exchange means is final; an error, a page, half
an answer are not: they are told, and the request is made again, ever more slowly.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct, structs

from ...exchanges.model import Data, Exchange, History, Missing, RestRequest
from ...exchanges.reading import UNREADABLE, number_of
from ...store.raw import RawKind
from ...worker.rate_limited_log import RateLimitedLog
from ..backoff import Backoff
from ..counters import Counters
from ..journal import Journal
from ..rest.client import RestClient, RestError
from ..session.listener import excerpt
from .queue import GapQueue, Stream
from .search import ById, ByTime, Search

__all__ = ["Backfill"]

log = logging.getLogger("daedalus.ingest.gaps.backfill")

DELAY_SECONDS = 2.0
"""The newest trades take a moment until they are in an exchange's history."""

RETRY_SECONDS = 1.0
"""The least time before a request is made again."""

AGAIN_SECONDS = 10.0
"""What was not in an answer is looked for a second time, so much later: histories lag behind."""

GIVE_UP_SECONDS = 24 * 3600.0
"""So long one request is made again and again while REST gives no answer at all."""

GIVE_UP_ANSWERS_SECONDS = 3600.0
"""The same where it answers, but with what is no list of trades: others may be had meanwhile."""

GAPS_AT_A_TIME = 1000
MAX_REQUESTS = 2000
"""For so many gaps: two million trades where an answer holds a thousand."""

FETCHED_AT_A_TIME = 2


class _NoAnswerError(Exception):
    """The exchange said nothing that it means; what it knows is unknown."""


class _Outcome(Struct, frozen=True):
    """What became of a gap, in the ledger's words."""

    gap: Missing
    status: str
    note: str


class Backfill:
    """Gaps to fill. ``journal`` is of its own: what is fetched belongs to no connection."""

    def __init__(self, exchange: Exchange, rest: RestClient, journal: Journal, counters: Counters) -> None:
        self._exchange = exchange
        self._rest = rest
        self._journal = journal
        self._counters = counters
        self._waiting = GapQueue()
        self._begun: asyncio.Queue[Stream] = asyncio.Queue()
        self._filling: dict[Stream, list[Missing]] = {}  # by stream: what is searched for now
        self._turns = asyncio.Semaphore(FETCHED_AT_A_TIME)
        self._trouble = _patience()
        self._not_before = 0.0
        self._rate_limited = RateLimitedLog(log)

    def ask(self, missing: Missing) -> None:
        """Fill this gap, if the exchange offers its past; else the ledger says why not by itself."""
        if self._exchange.backfill_request(missing) is None:
            return
        stream = missing.channel, missing.symbol
        if not self._waiting.add(missing):
            self._rate_limited.warning("room", "%s %s: not asked for, too many streams have gaps", *stream)
        elif stream not in self._filling:
            self._filling[stream] = []
            self._begun.put_nowait(stream)

    def pending(self) -> list[Missing]:
        """All gaps of which nobody knows yet what becomes of them."""
        return [*(gap for gaps in self._filling.values() for gap in gaps), *self._waiting.all()]

    async def run(self) -> None:
        """Fill gaps until cancelled."""
        async with asyncio.TaskGroup() as streams:
            while True:
                streams.create_task(self._fill(await self._begun.get()))

    async def _fill(self, stream: Stream) -> None:
        """Fill the gaps of one stream until there is none."""
        while True:
            await asyncio.sleep(DELAY_SECONDS)
            gaps = self._waiting.take(stream, GAPS_AT_A_TIME)
            if not gaps:
                del self._filling[stream]
                return
            self._filling[stream] = gaps
            numbered = [gap for gap in gaps if gap.first is not None]
            if numbered:
                self._judge(await self._outcomes(ById(numbered), numbered))
            for gap in gaps:
                if gap.first is None:
                    self._judge(await self._outcomes(ByTime(gap), [gap]))
            self._filling[stream] = []

    def _judge(self, outcomes: Sequence[_Outcome]) -> None:
        """Write the outcomes down: what is filled in one row, for the ledger looks at the ids itself."""
        for status, group in groupby(outcomes, key=lambda each: each.status):
            same = list(group)
            self._counters.filled += len(same) if status == "filled" else 0
            about = same[0].gap
            for each in same if status == "unfillable" else [_over(same)]:
                self._journal.judged(each.gap, each.status, each.note)
            text = "%s %s: %s, %d gaps: %s"
            self._rate_limited.info(
                status, text, about.channel, about.symbol, status, len(same), same[0].note
            )

    async def _outcomes(self, search: Search, gaps: Sequence[Missing]) -> list[_Outcome]:
        """Search, and say what became of each gap, oldest first."""
        try:
            note = await self._search(search)
            if any(search.left(gap) for gap in gaps) and search.again():
                await asyncio.sleep(AGAIN_SECONDS)
                note = await self._search(search)
            known = True
        except _NoAnswerError as error:
            note, known = str(error), False
        outcomes = []
        for gap in sorted(gaps, key=lambda each: (each.first or 0, each.from_ns)):
            if not (left := search.left(gap)):
                outcomes.append(_Outcome(gap, "filled", note))
            elif known:
                outcomes.append(_Outcome(gap, "unfillable", f"{note}: {left}"))
            else:
                outcomes.append(_Outcome(gap, "open", note))
        return outcomes

    async def _search(self, search: Search) -> str:
        """Ask until the search is over; by which request it went. Raises `_NoAnswerError`."""
        before: RestRequest | None = None
        path = ""
        for _ in range(MAX_REQUESTS):
            while (wanted := search.wanted) is not None:
                request = self._exchange.backfill_request(wanted)
                if request is not None and request != before:
                    break
                search.give_up()
            if wanted is None or request is None:
                return path
            before, path = request, request.path
            try:
                header, body = await self._answer(wanted, request)
            except RestError as error:
                return f"{path}: {error}"
            self._journal.body(RawKind.BACKFILL, wanted.channel, wanted.symbol, body)
            by_id = self._exchange.channels[wanted.channel].history is not History.TIME
            search.take(header, self._times(header, body), by_id=by_id)
        raise _NoAnswerError(f"{path}: {MAX_REQUESTS:,} requests were not enough")

    async def _answer(self, wanted: Missing, request: RestRequest) -> tuple[Data, bytes]:
        """The first answer that is a list of trades. Raises `RestError` for a refusal that is meant."""
        backoff = _patience()
        began = time.monotonic()
        answered: float | None = None
        while True:
            try:
                body = await self._get(request)
            except RestError as error:
                if not error.passing:
                    raise
                why, answered = str(error), None
            else:
                header = self._exchange.classify_backfill(wanted.channel, wanted.symbol, body)
                if isinstance(header, Data):
                    return header, body
                why = f"{request.path}: the exchange answers {excerpt(body) or 'nothing'}"
                answered = time.monotonic() if answered is None else answered
            self._rate_limited.warning(
                "again", "%s %s, asked for again: %s", wanted.channel, wanted.symbol, why
            )
            now = time.monotonic()
            answers_for = 0.0 if answered is None else now - answered
            if now - began >= GIVE_UP_SECONDS or (
                answered is not None and answers_for >= GIVE_UP_ANSWERS_SECONDS
            ):
                raise _NoAnswerError(f"given up after {(now - began) / 3600:.1f} h: {why}")
            await asyncio.sleep(RETRY_SECONDS + backoff.next_delay())

    async def _get(self, request: RestRequest) -> bytes:
        """One answer. While REST is in trouble, all streams together ask as rarely as one."""
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

    def _times(self, header: Data, body: bytes) -> dict[int, int]:
        """The times of an answer's trades, by id; those without an id count down from -1."""
        try:
            rows = self._exchange.normalize_backfill(header, body)
        except UNREADABLE:
            return {}
        return {
            number: row.timestamp
            for place, row in enumerate(rows)
            if row.timestamp is not None
            and (number := -1 - place if header.ids is None else number_of(row)) is not None
        }


def _patience() -> Backoff:
    return Backoff(base=2.0, cap=300.0)


def _over(same: Sequence[_Outcome]) -> _Outcome:
    """One outcome for gaps next to each other."""
    one, other = same[0].gap, same[-1].gap
    gap = Missing(
        one.channel,
        one.symbol,
        one.first,
        other.last if other.last is not None else other.first,
        min(each.gap.from_ns for each in same),
        max(each.gap.to_ns for each in same),
    )
    return structs.replace(same[0], gap=gap)
