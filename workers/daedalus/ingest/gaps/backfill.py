"""Fetches over REST what the websocket lost, and writes down what became of each gap.

The exchange's answers are stored byte for byte, as rows of kind ``backfill``; the normalizer takes the
missing rows out of them. Each stream is filled by itself, its oldest gaps first, within the exchange's
budget.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from itertools import groupby

from msgspec import Struct, structs

from ...exchanges.model import Exchange, History, Missing, RestRequest
from ...store.raw import RawKind
from ...worker.rate_limited_log import RateLimitedLog
from ..counters import Counters
from ..coverage import Stream
from ..journal import Journal
from ..rest.client import RestClient, RestError
from .queue import GapQueue
from .requests import BackfillRequests, NoAnswerError
from .search import ById, ByTime, Search

__all__ = ["Backfill"]

log = logging.getLogger("daedalus.ingest.gaps.backfill")

DELAY_SECONDS = 2.0
"""The newest trades take a moment until they are in an exchange's history."""

AGAIN_SECONDS = 10.0
"""Histories lag behind: ids that were not in the answers are asked for once more after this time."""

GAPS_AT_A_TIME = 1000
MAX_REQUESTS = 2000
"""For so many gaps: two million trades where an answer holds a thousand."""


class _Outcome(Struct, frozen=True):
    """What became of a gap, in the ledger's words."""

    gap: Missing
    status: str
    note: str


class Backfill:
    """Gaps to fill. ``journal`` is its own: what is fetched belongs to no connection."""

    def __init__(self, exchange: Exchange, rest: RestClient, journal: Journal, counters: Counters) -> None:
        self._exchange = exchange
        self._requests = BackfillRequests(exchange, rest)
        self._journal = journal
        self._counters = counters
        self._waiting = GapQueue()
        self._begun: asyncio.Queue[Stream] = asyncio.Queue()
        self._filling: dict[Stream, list[Missing]] = {}  # what is searched for now
        self._rate_limited = RateLimitedLog(log)

    def ask(self, missing: Missing) -> None:
        """Fill this gap, if the exchange offers its past; otherwise the ledger says why not by itself."""
        if self._exchange.rest.backfill_request(missing) is None:
            return
        stream = missing.channel, missing.symbol
        if not self._waiting.add(missing):
            self._rate_limited.warning("room", "%s %s: not asked for, too many streams have gaps", *stream)
        elif stream not in self._filling:
            self._filling[stream] = []
            self._begun.put_nowait(stream)

    def pending(self) -> list[Missing]:
        """All gaps without an outcome."""
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
                self._record(await self._outcomes(ById(numbered), numbered))
            for gap in gaps:
                if gap.first is None:
                    self._record(await self._outcomes(ByTime(gap), [gap]))
            self._filling[stream] = []

    async def _outcomes(self, search: Search, gaps: Sequence[Missing]) -> list[_Outcome]:
        """Search, and say what became of each gap, oldest first."""
        try:
            note = await self._search(search)
            if any(search.left(gap) for gap in gaps) and search.again():
                await asyncio.sleep(AGAIN_SECONDS)
                note = await self._search(search)
            known = True
        except NoAnswerError as error:
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
        """Ask until the search is over; returns the path of the last request. Raises `NoAnswerError`."""
        before: RestRequest | None = None
        path = ""
        for _ in range(MAX_REQUESTS):
            while (wanted := search.wanted) is not None:
                request = self._exchange.rest.backfill_request(wanted)
                if request is not None and request != before:
                    break
                search.give_up()
            if wanted is None or request is None:
                return path
            before, path = request, request.path
            try:
                header, body = await self._requests.ask(wanted, request)
            except RestError as error:
                return f"{path}: {error}"
            self._journal.body(RawKind.BACKFILL, wanted.channel, wanted.symbol, body)
            by_id = self._exchange.channels[wanted.channel].history is not History.TIME
            search.take(header, self._requests.times(header, body), by_id=by_id)
        raise NoAnswerError(f"{path}: {MAX_REQUESTS:,} requests were not enough")

    def _record(self, outcomes: Sequence[_Outcome]) -> None:
        """Write the outcomes down. Filled gaps share a row: the ledger looks at the ids itself."""
        for status, group in groupby(outcomes, key=lambda each: each.status):
            same = list(group)
            if status == "filled":
                self._counters.gaps_filled(len(same))
            about = same[0].gap
            for each in same if status == "unfillable" else [_joined(same)]:
                self._journal.resolved(each.gap, each.status, each.note)
            text = "%s %s: %s, %d gaps: %s"
            self._rate_limited.info(
                status, text, about.channel, about.symbol, status, len(same), same[0].note
            )


def _joined(same: Sequence[_Outcome]) -> _Outcome:
    """One outcome that spans gaps next to each other."""
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
