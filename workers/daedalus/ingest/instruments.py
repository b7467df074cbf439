"""What can be traded: asked of the venue at every start, written down once a day.

A symbol that the venue does not list would be acknowledged and stay silent for ever, or cost the whole
connection: it is left out, and told with the name that is nearest to it.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ..exchanges.base import Subscription, Venue
from ..exchanges.reading import UNREADABLE
from ..exchanges.rows import Instrument
from ..store import Layout, Partition
from ..store.layout import NORMALIZED, READY, SYNCED
from ..store.raw import RawKind
from .journal import Journal
from .rest import RestClient, RestError

__all__ = ["CHANNEL", "Instruments", "unknown_symbols"]

log = logging.getLogger("daedalus.ingest.instruments")

CHANNEL = "instruments"
"""The partition of the lists of instruments."""

START_SECONDS = 20.0
"""How long a start waits for the list: recording comes first."""

_HOUR_SECONDS = 3600.0


class Instruments:
    """The venue's list. ``journal`` is of its own: the list belongs to no connection."""

    def __init__(self, venue: Venue, rest: RestClient, journal: Journal, layout: Layout) -> None:
        self._venue = venue
        self._rest = rest
        self._journal = journal
        self._layout = layout
        self._day = ""

    async def check(self, streams: Sequence[Subscription]) -> dict[str, str]:
        """Of each symbol that is not listed, in words what is wrong; nothing where there is no list."""
        try:
            async with asyncio.timeout(START_SECONDS):
                listed = await self._fetch()
        except (RestError, TimeoutError, *UNREADABLE) as error:
            log.warning("the symbols are not checked, the venue gives no list: %s", error or "no answer")
            return {}
        return unknown_symbols((each.symbol for each in streams), listed) if listed else {}

    async def keep(self) -> None:
        """Write the list down once a day, until cancelled."""
        while True:
            await asyncio.sleep(_HOUR_SECONDS)
            if self._day == _today():
                continue
            try:
                await self._fetch()
            except (RestError, *UNREADABLE) as error:
                log.warning("no list of instruments today yet: %s", error)

    async def _fetch(self) -> list[Instrument]:
        bodies = [await self._rest.get(request) for request in self._venue.instruments_requests()]
        listed = [each for body in bodies for each in self._venue.instruments(body)]
        today = _today()
        if bodies and self._day != today and not self._written(today):
            for body in bodies:
                self._journal.body(RawKind.INSTRUMENTS, CHANNEL, "", body)
        self._day = today
        return listed

    def _written(self, day: str) -> bool:
        """Whether a recorder before has written the list of this day."""
        partition = Partition(self._venue.name, CHANNEL)
        return any(
            (self._layout.raw(state) / segment.sealed_path).parent.parent.name == f"date={day}"
            for state in (READY, NORMALIZED, SYNCED)
            for segment in self._layout.raw_segments(state, partition)
        )


def unknown_symbols(wanted: Iterable[str], listed: Sequence[Instrument]) -> dict[str, str]:
    """Of each wanted symbol that cannot be traded, in words why, with the nearest that can."""
    active = {each.symbol for each in listed if each.active}
    paused = {each.symbol for each in listed if not each.active}
    wrong: dict[str, str] = {}
    for symbol in dict.fromkeys(wanted):
        if not symbol or symbol in active:
            continue
        if symbol in paused:
            log.warning("%s is listed, but not traded now; it is subscribed all the same", symbol)
            continue
        near = difflib.get_close_matches(symbol, active, n=1, cutoff=0.5)
        wrong[symbol] = f"the venue lists no {symbol}" + (f". Did you mean {near[0]}?" if near else "")
    return wrong


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
