"""Reads one channel of one exchange, day after day, and brings what its rows say before the judge.

A day is judged when the next one has been read: ids of the two may interleave around midnight.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ..exchanges.times import IMPLAUSIBLE_NS
from ..normalize.columns import Gap
from .coverage import MINUTE_NS
from .evidence import Evidence, note, slices
from .gap_lines import gaps_of, latest
from .judge import Day, bounds_of, judge
from .numbering import Numbering, channel_of, numbering
from .report import Finding, StreamDay, Verdict
from .source import DamagedFileError, Lake, LakeFile
from .spans import Span, union
from .stored import Digest, Messages, digests_of
from .walk import Walk, Walked

pc: Any = pyarrow.compute

__all__ = ["ASIDE", "ChannelAudit"]

ASIDE = frozenset({"gaps", "book_digests", "connections", "instruments", "exact_values"})
"""Tables that say something of others, or are no stream."""

_DAY = timedelta(days=1)


class _Read(Struct):
    """One day as it was read: evidence and book per symbol."""

    date: str
    found: dict[str, Evidence]
    walked: dict[str, Walked]


class ChannelAudit:
    """One channel. ``files`` are all of its files, of every table; ``dates`` those that are judged.

    ``progress`` hears of the bytes that were read. ``outages``: see `coverage.outages`. ``parts``: by date
    and symbol, the single trades that another channel's aggregate trades stand for.
    """

    def __init__(
        self,
        lake: Lake,
        exchange: str,
        channel: str,
        files: Sequence[LakeFile],
        dates: Sequence[str],
        *,
        symbol: str | None,
        books: bool,
        outages: Sequence[Span],
        parts: Mapping[tuple[str, str], Sequence[Span]],
        progress: Callable[[int], None],
    ) -> None:
        self.findings: list[Finding] = []
        self.minutes: list[Span] = []
        self.gap_spans: list[Span] = []
        self.files = 0
        self.bytes = 0
        self._lake = lake
        self._exchange, self._channel = exchange, channel
        self._dates, self._symbol, self._books = dates, symbol, books
        self._outages, self._progress = outages, progress
        self._parts = parts
        self.parts: dict[tuple[str, str], list[Span]] = {}
        self._about = channel_of(exchange, channel)
        self._files: dict[tuple[str, str], list[LakeFile]] = {}
        for file in files:
            self._files.setdefault((file.table, file.date), []).append(file)
        self._tables = sorted({file.table for file in files} - ASIDE)
        self._main = self._about.table or next(iter(self._tables), "")
        self._rule = numbering(exchange, channel)
        self._lines: dict[str, list[Gap]] = {}
        self._told: set[str] = set()
        self._walks: dict[str, Walk] = {}
        self._life: dict[str, Span] = {}
        self._owed: dict[str, list[Span]] = {}
        self._seen: dict[tuple[str, int, int], str] = {}

    def run(self) -> Iterator[StreamDay]:
        """Read and judge every day."""
        before: _Read | None = None
        last: _Read | None = None
        self._seed()
        for position, day in enumerate(self._dates):
            read = self._read(day, over=position == len(self._dates) - 1)
            if last is not None:
                yield from self._judge(last, before, read)
                before = last
            last = read
        if last is not None:
            yield from self._judge(last, before, None)

    def check(self) -> None:
        """Only see that the files are whole: they hold no streams."""
        for (table, day), files in sorted(self._files.items()):
            if table != "connections" and day in self._dates:
                for file in files:
                    for _ in self._batches(file):
                        pass

    def _judge(self, read: _Read, before: _Read | None, after: _Read | None) -> Iterator[StreamDay]:
        from_ns, to_ns = bounds_of(read.date)
        lines: dict[str, list[Gap]] = {}
        for line in self._around(read.date):
            lines.setdefault(line.symbol, []).append(line)
        concerned = {
            symbol
            for symbol, of_symbol in lines.items()
            if any(line.from_timestamp < to_ns and line.to_timestamp > from_ns for line in of_symbol)
        }
        for symbol in sorted(read.found.keys() | concerned):
            own = _spans(read, symbol)
            owed = self._owed.pop(symbol, []) if own else []
            if own and not _spans(after, symbol):
                self._owed[symbol] = own
            stream, findings = judge(
                Day(
                    date=read.date,
                    exchange=self._exchange,
                    channel=self._channel,
                    symbol=symbol,
                    rule=self._rule,
                    found=read.found.get(symbol, Evidence()),
                    before=_spans(before, symbol),
                    owed=owed,
                    after=_spans(after, symbol),
                    lines=lines.get(symbol, ()),
                    outages=self._outages,
                    life=self._life.get(symbol),
                    walked=read.walked.get(symbol),
                    parts=self._parts_about(read.date, symbol),
                )
            )
            self.findings += findings
            if stream.verdict in (Verdict.COMPLETE, Verdict.REPAIRED) and symbol in read.found:
                self.parts[read.date, symbol] = read.found[symbol].parts
            yield stream

    def _parts_about(self, day: str, symbol: str) -> list[Span]:
        return union(span for each in _neighbours(day) for span in self._parts.get((each, symbol), ()))[0]

    def _around(self, day: str) -> list[Gap]:
        """The ledger's lines of this day and its neighbours."""
        return [line for each in _neighbours(day) for line in self._ledger(each)]

    def _ledger(self, day: str) -> list[Gap]:
        if day not in self._lines:
            lines: list[Gap] = []
            for file in self._files.get(("gaps", day), ()):
                for batch in self._batches(file):
                    lines += gaps_of(batch)
            wanted = [line for line in lines if self._symbol in (None, line.symbol)]
            self._lines[day] = latest(wanted)
            self.gap_spans += [
                (line.from_timestamp // MINUTE_NS, line.to_timestamp // MINUTE_NS) for line in wanted
            ]
            for old in [each for each in self._lines if each < _neighbours(day)[0]]:
                del self._lines[old]
        return self._lines[day]

    def _seed(self) -> None:
        """Follow books from the day before, so that the first day's updates find a snapshot."""
        if self._main != "book_updates" or not self._books or not self._dates:
            return
        earlier = sorted({day for table, day in self._files if table == self._main and day < self._dates[0]})
        if earlier:
            self._expect(earlier[-1])
            for file in self._files[self._main, earlier[-1]]:
                self._take(file, {}, aside=True)
            for walk in self._walks.values():
                walk.take(over=False)

    def _read(self, day: str, *, over: bool) -> _Read:
        found: dict[str, Evidence] = {}
        if self._main == "book_updates" and self._books:
            self._expect(day)
        for table in self._tables:
            for file in self._files.get((table, day), ()):
                self._take(file, found if table == self._main else {}, aside=table != self._main)
        for file in self._files.get(("exact_values", day), ()):
            for _ in self._batches(file):
                pass
        for symbol, each in found.items():
            each.close()
            if each.first_ns is not None and each.last_ns is not None:
                first, last = self._life.get(symbol, (each.first_ns, each.last_ns))
                self._life[symbol] = min(first, each.first_ns), max(last, each.last_ns)
        walked: dict[str, Walked] = {}
        for symbol, walk in self._walks.items():
            if over:
                walk.end(bounds_of(day)[1])
            walked[symbol] = walk.take(over=over)
        return _Read(day, found, walked)

    def _take(self, file: LakeFile, found: dict[str, Evidence], *, aside: bool) -> None:
        """Read a file into the evidence; ``aside``: only see that it is whole (and follow books)."""
        messages: dict[str, Messages] = {}
        content = rows = 0
        from_ns, to_ns = bounds_of(file.date)
        misplaced = 0
        main = file.table == self._main
        minutes: list[Span] = []
        for batch in self._batches(file):
            local = batch.column("local_timestamp").cast(pa.int64())
            content = zlib.crc32(_bytes(local), content)
            rows += batch.num_rows
            time = batch.column("timestamp").cast(pa.int64())
            outside = pc.or_(pc.less(time, from_ns), pc.greater_equal(time, to_ns))
            if pc.any(outside).as_py():  # a time that cannot be is filed by that of its arrival
                wrong = pc.greater(pc.abs(pc.subtract(time, local)), IMPLAUSIBLE_NS)
                came = pc.and_(pc.greater_equal(local, from_ns), pc.less(local, to_ns))
                outside = pc.and_not(outside, pc.and_(wrong, came))
            misplaced += pc.sum(outside).as_py() or 0
            if main:
                of_batch = pc.unique(pc.divide(local, MINUTE_NS)).to_pylist()
                minutes = union([*minutes, *((each, each) for each in of_batch)])[0]
            for symbol, part in slices(batch):
                if self._symbol not in (None, symbol) or not main:
                    continue
                if not aside:
                    note(found.setdefault(symbol, Evidence()), file.table, self._rule, part)
                if file.table == "book_updates" and self._books:
                    walk = self._walk(symbol)
                    for message in messages.setdefault(symbol, Messages(symbol)).feed(part):
                        walk.feed(message)
        for symbol, waiting in messages.items():
            for message in waiting.end():
                self._walk(symbol).feed(message)
        if aside and main:
            return
        if misplaced:
            text = f"{misplaced:,} rows are not of the day whose folder they lie in"
            self.findings.append(Finding("misplaced", file.key, text))
        key = file.table, rows, content
        if rows and key in self._seen:
            self.findings.append(Finding("duplicate file", file.key, f"the same rows as {self._seen[key]}"))
        self._seen[key] = file.key
        self.minutes = union([*self.minutes, *minutes])[0]

    def _walk(self, symbol: str) -> Walk:
        walk = self._walks.get(symbol)
        if walk is None:
            walk = self._walks[symbol] = Walk(
                symbol,
                numbered=self._rule is Numbering.BOOK,
                began_anew=self._about.snapshot == "stream",
                depth=self._about.depth,
            )
        return walk

    def _expect(self, day: str) -> None:
        """Tell the walks what ledger and digests say of this day and the first moments of the next."""
        for each in _neighbours(day):
            if each in self._told:
                continue
            self._told.add(each)
            for line in self._ledger(each):
                if line.status != "filled":
                    self._walk(line.symbol).expect([line], [])
            if each < day:
                continue  # its rows were not followed
            digests: dict[str, list[Digest]] = {}
            for file in self._files.get(("book_digests", each), ()):
                for batch in self._batches(file):
                    for symbol, part in slices(batch):
                        if self._symbol in (None, symbol):
                            digests.setdefault(symbol, []).extend(digests_of(part))
            for symbol, of_symbol in digests.items():
                self._walk(symbol).expect([], sorted(of_symbol, key=lambda digest: digest.minute_ns))

    def _batches(self, file: LakeFile) -> Iterator[pa.RecordBatch]:
        """The rows of a file; where it is damaged, those before the damage, and a finding."""
        try:
            yield from self._lake.batches(file)
        except DamagedFileError as damage:
            self.findings.append(Finding("damaged", file.key, str(damage).partition(": ")[2]))
        self.files += 1
        self.bytes += file.size
        self._progress(file.size)


def _spans(read: _Read | None, symbol: str) -> list[Span]:
    found = read.found.get(symbol) if read is not None else None
    return found.spans if found is not None else []


def _neighbours(day: str) -> tuple[str, str, str]:
    this = date.fromisoformat(day)
    return str(this - _DAY), day, str(this + _DAY)


def _bytes(column: pa.Array[pa.Scalar[pa.DataType]]) -> memoryview:
    buffer = column.buffers()[1]
    if buffer is None:
        return memoryview(b"")
    return memoryview(buffer).cast("B")[column.offset * 8 : (column.offset + len(column)) * 8]
