"""Reads the files of one channel, a day after the other, into what their rows show, and checks the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...exchanges.times import IMPLAUSIBLE_NS
from ...storage.errors import TargetError
from ...tables.content import Content
from ...tables.gaps import Gap
from ..books.messages import Digest, Messages, digests_of
from ..books.replay import BookReplay, ReplayResult
from ..channels import IdScheme, channel_of, id_scheme
from ..gap_rows import gaps_of
from ..reader import DamagedFileError, Lake, LakeFile
from ..row_evidence import Evidence, note, slices
from ..spans import Span, union
from .facts import bounds_of
from .ledger import Ledger
from .report import Finding
from .silence import MINUTE_NS

pc: Any = pyarrow.compute

__all__ = ["ASIDE", "ChannelReader", "DayRead"]

ASIDE = frozenset({"gaps", "book_digests", "connections", "instruments", "exact_values"})
"""Tables that say something of others, or are no stream."""

_READ_BEFORE = ("gaps", "connections")
_DAY_NS = 86_400 * 10**9


class DayRead(Struct):
    """One day as it was read: evidence and book per symbol."""

    date: str
    found: dict[str, Evidence]
    replayed: dict[str, ReplayResult]

    def spans(self, symbol: str) -> list[Span]:
        found = self.found.get(symbol)
        return found.spans if found is not None else []


class ChannelReader:
    """One channel. ``files`` are all of its files, of every table.

    ``minutes`` (with a row), ``files`` and ``bytes`` are of the days that the question ``covers``;
    ``symbols`` are those that were met. ``progress`` hears of the bytes that were read.
    """

    def __init__(
        self,
        lake: Lake,
        exchange: str,
        channel: str,
        files: Iterable[LakeFile],
        covers: Callable[[str], bool],
        *,
        symbol: str | None,
        books: bool,
        progress: Callable[[int], None],
    ) -> None:
        self.findings: list[Finding] = []
        self.minutes: list[Span] = []
        self.symbols: set[str] = set()
        self.files = self.bytes = 0
        self._lake, self._progress = lake, progress
        self._symbol, self._books = symbol, books
        self._about = channel_of(exchange, channel)
        self._by_table: dict[tuple[str, str], list[LakeFile]] = {}
        for file in files:
            self._by_table.setdefault((file.table, file.date), []).append(file)
        tables = {table for table, _ in self._by_table}
        self._main = self._about.table or next(iter(sorted(tables - ASIDE)), "")
        self.days = {day for table, day in self._by_table if table != "connections"}
        self.days_with_rows = {day for table, day in self._by_table if table == self._main}
        self.rule = id_scheme(exchange, channel)
        self._told: set[str] = set()
        self._snapshots_of: dict[str, dict[str, bool]] = {}
        self._replays: dict[str, BookReplay] = {}
        self._seen: dict[tuple[object, ...], str] = {}
        self._covers = covers
        self._whole = False
        self._claims: dict[int, dict[str, bool]] = {}
        self.ledger = Ledger(self._lines())

    @property
    def gap_minutes(self) -> list[Span]:
        """The minutes (since 1970) of which the ledger tells."""
        return [
            (line.from_timestamp // MINUTE_NS, line.to_timestamp // MINUTE_NS) for line in self.ledger.lines
        ]

    @property
    def unclaimed(self) -> int:
        """How many files do not say which rows they were written with."""
        return sum(not claimed for files in self._claims.values() for claimed in files.values())

    def written_again(self) -> list[Finding]:
        """Files that say nothing of their rows, while others of the same segment do."""
        text = (
            "it does not say which rows were written, as other files of its segment do: it was written again"
        )
        return [
            Finding("altered", key, text)
            for files in self._claims.values()
            if any(files.values())
            for key, claimed in files.items()
            if not claimed
        ]

    def follow(self, first: str | None) -> None:
        """Tell the books' replays what the ledger says, from a day on that is read first (None: all)."""
        since = None if first is None else bounds_of(first)[0] - _DAY_NS
        if self._main == "book_updates" and self._books:
            for line in self.ledger.lines:
                if line.status != "filled" and (since is None or line.to_timestamp >= since):
                    self._replay(line.symbol).expect([line], [])

    def has_snapshots(self, day: str, before: str) -> bool:
        """Whether the books of a day all have a snapshot on an earlier one, or in between."""
        if self._main != "book_updates" or not self._books:
            return True
        there = {
            symbol
            for dated in self.days_with_rows
            if before <= dated < day
            for symbol, snapshot in self._snapshots(dated).items()
            if snapshot
        }
        return {symbol for symbol in self._snapshots(day) if self._symbol in (None, symbol)} <= there

    def _snapshots(self, day: str) -> dict[str, bool]:
        """The symbols of a day, and whether it has a snapshot of them."""
        if day not in self._snapshots_of:
            found = self._snapshots_of[day] = {}
            for file in self._by_table.get((self._main, day), ()):
                # What is wrong with a file is told when it is read whole.
                with suppress(DamagedFileError, TargetError):
                    for batch in self._lake.batches(file, ["symbol", "is_snapshot"]):
                        for symbol, part in slices(batch):
                            snapshot = bool(pc.any(part.column("is_snapshot")).as_py())
                            found[symbol] = snapshot or found.get(symbol, False)
        return self._snapshots_of[day]

    def read(self, day: str, *, over: bool) -> DayRead:
        """Read a day; ``over``: it is the last one."""
        found: dict[str, Evidence] = {}
        books = self._main == "book_updates" and self._books
        if books:
            self._expect_digests(day)
        for (table, dated), files in sorted(self._by_table.items()):
            if dated != day or table in _READ_BEFORE or (table == "book_digests" and books):
                continue
            for file in files:
                if table in ASIDE:
                    for _ in self._batches(file):
                        pass
                else:
                    self._take(file, found if table == self._main else None)
        for each in found.values():
            each.close()
        replayed: dict[str, ReplayResult] = {}
        for symbol, replay in self._replays.items():
            if over:
                replay.end(bounds_of(day)[1])
            replayed[symbol] = replay.take(over=over)
        return DayRead(day, found, replayed)

    def _lines(self) -> list[Gap]:
        lines: list[Gap] = []
        for (table, _), files in sorted(self._by_table.items()):
            if table == "gaps":
                for file in files:
                    for batch in self._batches(file):
                        lines += gaps_of(batch)
        self.symbols.update(line.symbol for line in lines)
        return [line for line in lines if self._symbol in (None, line.symbol)]

    def _take(self, file: LakeFile, found: dict[str, Evidence] | None) -> None:
        """Read a file into the evidence; None: only see that it is whole."""
        content = Content()
        messages: dict[str, Messages] = {}
        misplaced = 0
        minutes: list[Span] = []
        for replay in self._replays.values():
            replay.begin_file()
        for batch in self._batches(file, content):
            misplaced += _misplaced(batch, bounds_of(file.date))
            if found is None:
                continue
            local = batch.column("local_timestamp").cast(pa.int64())
            of_batch = pc.unique(pc.divide(local, MINUTE_NS)).to_pylist()
            minutes = union([*minutes, *((each, each) for each in of_batch)])[0]
            for symbol, part in slices(batch):
                self.symbols.add(symbol)
                if self._symbol not in (None, symbol):
                    continue
                note(found.setdefault(symbol, Evidence()), file.table, self.rule, part)
                if file.table == "book_updates" and self._books:
                    for message in messages.setdefault(symbol, Messages(symbol)).feed(part):
                        self._replay(symbol).feed(message)
        for symbol, waiting in messages.items():
            for message in waiting.end():
                self._replay(symbol).feed(message)
        for replay in self._replays.values():
            replay.end_file(whole=self._whole)
        if self._covers(file.date):
            self.minutes = union([*self.minutes, *minutes])[0]
            self._judge_file(file, content, misplaced)

    def _judge_file(self, file: LakeFile, content: Content, misplaced: int) -> None:
        if misplaced:
            text = f"{misplaced:,} rows are not of the day whose folder they lie in"
            self.findings.append(Finding("misplaced", file.key, text))
        claim = content.claim("")
        key = file.table, claim.rows, *claim.columns.items()
        if claim.rows and key in self._seen:
            self.findings.append(Finding("duplicate file", file.key, f"the same rows as {self._seen[key]}"))
        self._seen[key] = file.key

    def _replay(self, symbol: str) -> BookReplay:
        replay = self._replays.get(symbol)
        if replay is None:
            replay = self._replays[symbol] = BookReplay(
                symbol,
                numbered=self.rule is IdScheme.BOOK,
                began_anew=self._about.snapshot == "stream",
                depth=self._about.depth,
            )
        return replay

    def _expect_digests(self, day: str) -> None:
        """Tell the replays the digests of this day and of the first moments of the next."""
        for each in sorted({dated for table, dated in self._by_table if table == "book_digests"}):
            if each in self._told or not day <= each <= _next(day):
                continue
            self._told.add(each)
            digests: dict[str, list[Digest]] = {}
            for file in self._by_table["book_digests", each]:
                for batch in self._batches(file):
                    for symbol, part in slices(batch):
                        if self._symbol in (None, symbol):
                            digests.setdefault(symbol, []).extend(digests_of(part))
            for symbol, of_symbol in digests.items():
                self._replay(symbol).expect([], sorted(of_symbol, key=lambda digest: digest.minute_ns))

    def _batches(self, file: LakeFile, content: Content | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of a file; where it is damaged, those before the damage, and a finding."""
        self._whole = False
        claimed = True
        try:
            claimed = self._whole = yield from self._lake.batches(file, content=content or Content())
        except DamagedFileError as damage:
            self.findings.append(Finding.of(file.key, damage))
        except TargetError as error:
            if error.kind.concerns_whole_store:
                raise
            self.findings.append(Finding("unreadable", file.key, error.problem))
        if self._covers(file.date):
            self._claims.setdefault(file.number, {})[file.key] = claimed
            self.files += 1
            self.bytes += file.size
            self._progress(file.size)


def _misplaced(batch: pa.RecordBatch, day: Span) -> int:
    """How many rows lie under another day than theirs. A time that is hours off decides no day."""
    exchange, local = (batch.column(name).cast(pa.int64()) for name in ("timestamp", "local_timestamp"))
    outside = [pc.or_(pc.less(time, day[0]), pc.greater_equal(time, day[1])) for time in (exchange, local)]
    near = pc.less_equal(pc.abs(pc.subtract(local, exchange)), IMPLAUSIBLE_NS)
    return int(pc.sum(pc.and_(outside[0], pc.or_(outside[1], near))).as_py() or 0)


def _next(day: str) -> str:
    return str(date.fromisoformat(day) + timedelta(days=1))
