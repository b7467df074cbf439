"""Reads one channel day after day: what its rows show, and what its books are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...tables.content import Content
from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import SIDE_TABLES, channel_of, id_scheme
from ..days import DAY_NS, MINUTE_NS, bounds_of
from ..gap_rows import gaps_of
from ..reader import Lake, LakeFile
from ..row_evidence import Evidence, by_symbol
from ..spans import Span, union
from .channel_books import ChannelBooks
from .file_checks import FileChecks, misplaced_rows
from .ledger import Ledger
from .question import Question, spelled

pc: Any = pyarrow.compute

__all__ = ["ChannelReader", "DayRead"]

_READ_BEFORE = ("gaps", "connections")


class DayRead(Struct):
    """One day as it was read: evidence and book by symbol."""

    date: str
    found: dict[str, Evidence]
    replayed: dict[str, ReplayResult]

    def spans(self, symbol: str) -> list[Span]:
        """The ids of a symbol's rows."""
        found = self.found.get(symbol)
        return found.spans if found is not None else []


class ChannelReader:
    """One channel. ``files``: all of its files, of every table. ``progress`` is told the bytes read.

    ``days`` have a file, ``days_with_rows`` one of the channel's own table. ``symbols``: those met so far,
    also of other questions. ``minutes`` (since 1970) have a row, on the days asked for.
    """

    def __init__(
        self,
        lake: Lake,
        exchange: str,
        channel: str,
        files: Iterable[LakeFile],
        question: Question,
        progress: Callable[[int], None],
    ) -> None:
        self.exchange, self.channel = exchange, channel
        self.checks = FileChecks(lake, question.covers, progress)
        self.symbols: set[str] = set()
        self.minutes: list[Span] = []
        self._covers = question.covers
        self._symbol = spelled(exchange, question.symbol)
        self._by_table: dict[str, dict[str, list[LakeFile]]] = {}
        for file in files:
            self._by_table.setdefault(file.table, {}).setdefault(file.date, []).append(file)
        tables = self._by_table.keys()
        self._main = channel_of(exchange, channel).table or min(tables - SIDE_TABLES, default="")
        self.days = {day for table in tables if table != "connections" for day in self._by_table[table]}
        self.days_with_rows = set(self._by_table.get(self._main, ()))
        self.scheme = id_scheme(exchange, channel)
        self._books: ChannelBooks | None = None
        if self._main == "book_updates" and question.books:
            self._books = ChannelBooks(
                exchange,
                channel,
                lake,
                self.checks,
                updates=self._by_table.get(self._main, {}),
                digests=self._by_table.get("book_digests", {}),
                symbol=self._symbol,
            )
        self.ledger = Ledger(self._read_ledger())

    def follow(self, first: str | None) -> None:
        """Let the books know the ledger, from a day on that is read first (None: all of it)."""
        since = None if first is None else bounds_of(first)[0] - DAY_NS
        if self._books is not None:
            self._books.expect_gaps(
                gap
                for gap in self.ledger.gaps
                if gap.status != "filled" and (since is None or gap.to_timestamp >= since)
            )

    def has_snapshots(self, day: str, before: str) -> bool:
        """Whether each book of a day has a snapshot on a day from ``before`` on; True without books."""
        return self._books is None or self._books.has_snapshots(day, before)

    def read(self, day: str, *, last: bool) -> DayRead:
        """Read a day; ``last``: none comes after it."""
        found: dict[str, Evidence] = {}
        if self._books is not None:
            self._books.expect_digests(day)
        for table, by_day in sorted(self._by_table.items()):
            if table in _READ_BEFORE or (table == "book_digests" and self._books is not None):
                continue
            for file in by_day.get(day, ()):
                if table in SIDE_TABLES:
                    for _ in self.checks.batches(file):
                        pass
                else:
                    self._take(file, found if table == self._main else None)
        for each in found.values():
            each.close()
        replayed = {} if self._books is None else self._books.take(bounds_of(day)[1], last=last)
        return DayRead(day, found, replayed)

    def _read_ledger(self) -> list[Gap]:
        gaps: list[Gap] = []
        for _, files in sorted(self._by_table.get("gaps", {}).items()):
            for file in files:
                for batch in self.checks.batches(file):
                    gaps += gaps_of(batch)
        self.symbols.update(gap.symbol for gap in gaps)
        return [gap for gap in gaps if self._symbol in (None, gap.symbol)]

    def _take(self, file: LakeFile, found: dict[str, Evidence] | None) -> None:
        """Read a file into the evidence; None: only check the file."""
        content = Content()
        misplaced = 0
        minutes: list[Span] = []
        books = self._books if found is not None else None
        if books is not None:
            books.begin_file()
        for batch in self.checks.batches(file, content):
            misplaced += misplaced_rows(batch, file)
            if found is None:
                continue
            local = batch.column("local_timestamp").cast(pa.int64())
            of_batch = pc.unique(pc.divide(local, MINUTE_NS)).to_pylist()
            minutes = union([*minutes, *((each, each) for each in of_batch)])[0]
            for symbol, part in by_symbol(batch):
                self.symbols.add(symbol)
                if self._symbol not in (None, symbol):
                    continue
                found.setdefault(symbol, Evidence()).add(file.table, self.scheme, part)
                if books is not None:
                    books.feed(symbol, part)
        if books is not None:
            books.end_file(intact=self.checks.intact)
        if self._covers(file.date):
            self.minutes = union([*self.minutes, *minutes])[0]
        self.checks.check_rows(file, content, misplaced)
