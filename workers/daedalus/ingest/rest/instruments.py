"""The exchange's list of instruments: asked for at every start, stored once a day.

A symbol that the exchange does not list would be acknowledged and stay silent for ever, or cost the whole
connection. So it is left out, logged with the nearest name that is listed, and looked for in later lists: one
list may be incomplete, and the symbol may be listed tomorrow. Every answer is stored.
"""

from __future__ import annotations

import asyncio
import difflib
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from ...exchanges.model import Exchange
from ...exchanges.reading import UNREADABLE, excerpt
from ...store import Layout, Partition
from ...store.layout import NORMALIZED, READY, SYNCED
from ...store.raw import RawKind
from ...store.regular_files import open_regular
from ...tables.rows import Instrument, Listing
from ..journal import Journal
from .client import RestClient, RestError

__all__ = ["CHANNEL", "Instruments", "unknown_symbols"]

log = logging.getLogger("daedalus.ingest.rest.instruments")

CHANNEL = "instruments"
"""The partition of the lists of instruments."""

START_SECONDS = 20.0
"""How long a start waits for the list; then recording begins without it."""

AGAIN_SECONDS = (15.0, 30.0, 60.0, 300.0)
"""Pauses before the list is asked for again while something is wrong; the last one repeats."""

HOUR_SECONDS = 3600.0


class _Answer(Struct, frozen=True):
    """One answer, and its list (None: it cannot be read)."""

    path: str
    body: bytes
    listed: Listing | None


class _Lists(Struct, frozen=True):
    """All answers. ``trouble``: why some are missing or cannot be read, in words; "": all are whole."""

    answers: tuple[_Answer, ...]
    trouble: str = ""

    @property
    def listed(self) -> list[Instrument]:
        return [each for answer in self.answers for each in answer.listed or ()]


class Instruments:
    """The exchange's list. ``journal`` is its own: the list belongs to no connection."""

    def __init__(self, exchange: Exchange, rest: RestClient, journal: Journal, layout: Layout) -> None:
        self._exchange = exchange
        self._rest = rest
        self._journal = journal
        self._layout = layout
        self._missing: dict[str, str] = {}
        self._day = ""  # of the last list without trouble
        self._kept: dict[str, tuple[str, frozenset[str]]] = {}  # by path: the day, and which symbols

    async def check(self, symbols: Collection[str]) -> dict[str, str]:
        """What is wrong with each symbol that is not listed, in words; empty where there is no whole list."""
        try:
            async with asyncio.timeout(START_SECONDS):
                lists = await self._ask()
        except TimeoutError:
            lists = _Lists((), f"no answer within {START_SECONDS:.0f} s")
        if lists.trouble:
            log.warning("the symbols are not checked, the exchange gives no whole list: %s", lists.trouble)
        elif lists.listed:
            self._missing = await asyncio.to_thread(self._unknown, symbols, lists)
        await self._keep(lists)
        return dict(self._missing)

    async def keep(self, listed: Callable[[dict[str, str]], None]) -> None:
        """Store the list once a day, and look for the symbols that are not listed yet, until cancelled.

        ``listed`` is called with those that are still missing, whenever there are fewer.
        """
        attempts = 0
        while True:
            if self._missing or self._day != _today():
                pause = AGAIN_SECONDS[min(attempts, len(AGAIN_SECONDS) - 1)]
                attempts += 1
            else:
                pause, attempts = HOUR_SECONDS, 0
            await asyncio.sleep(pause)
            if not self._missing and self._day == _today():
                continue
            lists = await self._ask()
            if lists.trouble:
                log.warning("no whole list of instruments yet: %s", lists.trouble)
            before = self._missing
            self._missing = await asyncio.to_thread(self._unknown, before, lists)
            await self._keep(lists)
            if len(self._missing) < len(before):
                listed(dict(self._missing))

    async def _ask(self) -> _Lists:
        """All answers that can be had, and what is wrong with the others."""
        answers, troubles = [], []
        for request in self._exchange.rest.instruments_requests():
            try:
                body = await self._rest.get(request)
            except RestError as error:
                troubles.append(str(error))
                continue
            try:
                # In a thread: thousands of entries would delay the time stamps of messages.
                found: Listing | None = await asyncio.to_thread(self._exchange.rest.instruments, body)
            except UNREADABLE as error:
                found = None
                troubles.append(f"{request.path}: {error}: {excerpt(body) or 'nothing'}")
            answers.append(_Answer(request.path, body, found))
        return _Lists(tuple(answers), "; ".join(troubles))

    def _unknown(self, symbols: Iterable[str], lists: _Lists) -> dict[str, str]:
        """As `unknown_symbols`; but a symbol named in a list that is only partly readable may be traded."""
        unknown = unknown_symbols(symbols, lists.listed)
        for answer in lists.answers:
            if answer.listed is None or not answer.listed.unreadable:
                continue
            log.warning("%s: %d entries cannot be read", answer.path, answer.listed.unreadable)
            for symbol in [each for each in unknown if f'"{each}"'.encode() in answer.body]:
                log.warning(
                    "%s is listed, but its entry cannot be read; it is subscribed all the same", symbol
                )
                del unknown[symbol]
        return unknown

    async def _keep(self, lists: _Lists) -> None:
        """Store each answer once a day, and again where it lists other symbols than before."""
        today = _today()
        odd = bool(lists.trouble or self._missing)
        written = not odd and today != self._day and await asyncio.to_thread(self._written, today)
        for answer in lists.answers:
            symbols = frozenset(each.symbol for each in answer.listed or ())
            day, before = self._kept.get(answer.path, ("", frozenset()))
            store = not written if day != today else answer.listed is not None and symbols != before
            if store:
                self._journal.body(RawKind.INSTRUMENTS, CHANNEL, "", answer.body)
            if store or written:
                self._kept[answer.path] = (today, symbols)
        if not lists.trouble:
            self._day = today

    def _written(self, day: str) -> bool:
        """Whether an earlier run has stored a readable list of this day."""
        partition = Partition(self._exchange.name, CHANNEL)
        for state in (READY, NORMALIZED, SYNCED):
            for segment in self._layout.raw_segments(state, partition):
                path = self._layout.raw(state) / segment.sealed_path
                if path.parent.parent.name != f"date={day}":
                    continue
                try:
                    with open_regular(path) as opened:
                        payloads: list[Any] = pq.read_table(opened, columns=["payload"]).column(0).to_pylist()
                except (OSError, pa.ArrowException):
                    continue
                if any(self._lists_something(body) for body in payloads):
                    return True
        return False

    def _lists_something(self, body: bytes) -> bool:
        try:
            return bool(self._exchange.rest.instruments(body))
        except UNREADABLE:
            return False


def unknown_symbols(wanted: Iterable[str], listed: Sequence[Instrument]) -> dict[str, str]:
    """Why each wanted symbol that cannot be traded cannot, in words, with the nearest that can."""
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
        hint = f" (did you mean {near[0]}?)" if near else ""
        wrong[symbol] = f"the exchange lists no {symbol}{hint}"
    return wrong


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"
