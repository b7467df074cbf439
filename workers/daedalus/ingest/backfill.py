"""Fetches over REST what the websocket has lost, and writes down what became of each hole.

The venue's answers are stored byte for byte, as rows of kind ``backfill``; the normalizer takes out of them
what was missing. Nothing here is urgent: one request at a time, within the venue's budget, oldest hole
first; a venue that does not answer is asked again for an hour.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct, structs

from ..exchanges.base import Header, Ids, Kind, Missing, RestRequest, Venue
from ..exchanges.reading import UNREADABLE, number_of
from ..store.raw import RawKind
from .backoff import Backoff
from .counters import Counters
from .journal import Journal
from .listener import excerpt
from .rest import RestClient, RestError

__all__ = ["Backfill"]

log = logging.getLogger("daedalus.ingest.backfill")

DELAY_SECONDS = 2.0
"""The newest trades take a moment until they are in a venue's history."""

GIVE_UP_SECONDS = 3600.0
MAX_REQUESTS = 2000
"""For one hole: two million trades where an answer holds a thousand."""

_SLACK_NS = 1_000_000_000  # between a venue's clock and ours, and between two ends of a link


class Backfill:
    """A queue of holes to fill. ``journal`` is of its own: what is fetched belongs to no connection."""

    def __init__(self, venue: Venue, rest: RestClient, journal: Journal, counters: Counters) -> None:
        self._venue = venue
        self._rest = rest
        self._journal = journal
        self._counters = counters
        self._queue: deque[tuple[float, Missing]] = deque()
        self._arrived = asyncio.Event()

    def ask(self, missing: Missing) -> None:
        """Fill this hole, if the venue offers its past; else the ledger says why not by itself."""
        if self._venue.backfill_request(missing) is not None:
            self._queue.append((time.monotonic() + DELAY_SECONDS, missing))
            self._arrived.set()

    async def run(self) -> None:
        """Fill holes until cancelled."""
        while True:
            while not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
            due, missing = self._queue.popleft()
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            holes = [missing, *self._like(missing)]
            search = _ById(holes) if missing.first is not None else _ByTime(missing)
            note = await self._search(search)
            for each in holes:
                self._judge(each, *search.outcome(each, note))

    def _like(self, missing: Missing) -> list[Missing]:
        """Take the other holes of the same stream out of the queue: one answer may fill many."""
        if missing.first is None:
            return []
        stream = missing.channel, missing.symbol
        now = time.monotonic()
        same = [each for due, each in self._queue if due <= now and (each.channel, each.symbol) == stream]
        self._queue = deque((due, each) for due, each in self._queue if each not in same)
        return same

    def _judge(self, missing: Missing, status: str, note: str) -> None:
        self._journal.judged(missing, status, note)
        self._counters.filled += status == "filled"
        log.info("%s %s: %s (%s)", missing.channel, missing.symbol, status, note)

    async def _search(self, search: _Search) -> str:
        """Ask until the search is over; by which request it went, or why it could not go on."""
        path = ""
        for _ in range(MAX_REQUESTS):
            wanted = search.wanted
            request = self._venue.backfill_request(wanted)
            if request is None:
                return "the venue offers no more of it"
            path = request.path
            try:
                body = await self._get(request)
            except RestError as error:
                return str(error)
            header = self._venue.classify_backfill(wanted.channel, wanted.symbol, body)
            if header.kind is not Kind.DATA:
                return f"{path}: the venue answers {excerpt(body)}"
            self._journal.body(RawKind.BACKFILL, wanted.channel, wanted.symbol, body)
            if search.over(header, self._times(header, body)):
                break
        return path

    async def _get(self, request: RestRequest) -> bytes:
        backoff = Backoff(base=2.0)
        gives_up_at = time.monotonic() + GIVE_UP_SECONDS
        while True:
            try:
                return await self._rest.get(request)
            except RestError as error:
                if not error.passing or time.monotonic() > gives_up_at:
                    raise
                await asyncio.sleep(1.0 + backoff.next_delay())

    def _times(self, header: Header, body: bytes) -> dict[int, int]:
        """The times of an answer's trades, by id; those without an id count down from -1."""
        try:
            rows = self._venue.normalize_backfill(header, body)
        except UNREADABLE:
            return {}
        return {
            number: row.timestamp
            for place, row in enumerate(rows)
            if row.timestamp is not None
            and (number := -1 - place if header.ids is None else number_of(row)) is not None
        }


class _Search(Protocol):
    """What is looked for, and what to ask for next."""

    @property
    def wanted(self) -> Missing:
        """The oldest of what is still to be asked for."""

    def over(self, header: Header, times: Mapping[int, int]) -> bool:
        """Take an answer; whether nothing more is to be asked for."""

    def outcome(self, hole: Missing, note: str) -> tuple[str, str]:
        """What became of one of the holes, filled or unfillable, and by what or why."""


class _Left(Struct, frozen=True):
    """Ids that are still missing, and the times (UTC ns) between which they must lie."""

    first: int
    last: int
    from_ns: int
    to_ns: int


class _ById:
    """A search for the ids of holes of one stream, oldest first.

    Venues that can be asked by time only begin with the oldest of a span, or end with its newest: either way
    the times of an answer's trades say where to look for the rest.
    """

    def __init__(self, holes: Sequence[Missing]) -> None:
        self._about = holes[0]
        self._left = sorted(
            (_Left(*_run(hole), hole.from_ns, hole.to_ns) for hole in holes), key=lambda each: each.first
        )
        self._last = max(each.last for each in self._left)
        self._absent: list[_Left] = []

    @property
    def wanted(self) -> Missing:
        left = self._left[0]
        return Missing(
            self._about.channel, self._about.symbol, left.first, self._last, left.from_ns, left.to_ns
        )

    def over(self, header: Header, times: Mapping[int, int]) -> bool:
        """Take an answer, and its times by id; whether nothing more is to be asked for."""
        runs = [part.ids for part in (header, *header.more) if part.ids is not None]
        left = self._left
        for ids in runs:
            left = [piece for each in left for piece in _without(each, ids, times)]
        if left == self._left:
            self._absent.append(left.pop(0))  # no progress: the venue does not have them
        elif runs:
            # What lies between an answer's ids is not there either.
            begin, end = min(ids.first for ids in runs), max(ids.last for ids in runs)
            self._absent += [each for each in left if begin < each.first and each.last < end]
            left = [each for each in left if not (begin < each.first and each.last < end)]
        self._left = left
        return not left

    def outcome(self, hole: Missing, note: str) -> tuple[str, str]:
        first, last = _run(hole)
        count = sum(
            max(0, min(last, each.last) - max(first, each.first) + 1) for each in (*self._left, *self._absent)
        )
        if not count:
            return "filled", note
        return "unfillable", f"{note}: {count:,} ids are not in the venue's answer"


def _without(left: _Left, ids: Ids, times: Mapping[int, int]) -> list[_Left]:
    if ids.last < left.first or ids.first > left.last:
        return [left]
    before = structs.replace(left, last=ids.first - 1, to_ns=times.get(ids.first, left.to_ns))
    after = structs.replace(left, first=ids.last + 1, from_ns=times.get(ids.last, left.from_ns))
    return [each for each in (before, after) if each.first <= each.last]


class _ByTime:
    """A search by time, where the venue numbers nothing."""

    def __init__(self, missing: Missing) -> None:
        self._missing = missing
        # What was on its way when the link broke happened before the last that came was received.
        self._from_ns = max(0, missing.from_ns - _SLACK_NS)
        self._begins_ns: int | None = None
        self._answered = False

    @property
    def wanted(self) -> Missing:
        missing = self._missing
        return Missing(missing.channel, missing.symbol, None, None, self._from_ns, missing.to_ns)

    def over(self, header: Header, times: Mapping[int, int]) -> bool:
        """Take an answer, which holds all from its header's time on (None: all that was asked for)."""
        self._answered = True
        begins_ns, newest_ns = header.venue_ns, max(times.values(), default=None)
        if begins_ns is not None and begins_ns > max(self._from_ns, self._missing.from_ns) + _SLACK_NS:
            self._begins_ns = max(begins_ns, self._begins_ns or begins_ns)
        if newest_ns is None or newest_ns <= self._from_ns or newest_ns >= self._missing.to_ns:
            return True
        self._from_ns = newest_ns
        return self._begins_ns is not None

    def outcome(self, hole: Missing, note: str) -> tuple[str, str]:
        if not self._answered:
            return "unfillable", note
        if self._begins_ns is None:
            return "filled", note
        late = (self._begins_ns - hole.from_ns) / 1e9
        return "unfillable", f"{note}: the venue's answer begins {late:.1f} s too late"


def _run(missing: Missing) -> tuple[int, int]:
    assert missing.first is not None
    return missing.first, missing.first if missing.last is None else missing.last
