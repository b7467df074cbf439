"""Joins the lakes of two recorders into one: what either has, and a ledger of what both missed.

One channel, one day and one symbol are in memory at a time. The result does not depend on which lake is
named first; done again it gives the same bytes. Raw files are not joined: they stay what each recorder heard.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...exchanges.model import Proof
from ...storage.errors import TargetError, TargetErrorKind
from ...storage.target import Outcome, Target
from ...store.layout import Partition, SegmentId, TableFile
from ...tables.columns import gap_batch
from ...tables.gaps import Gap
from ...tables.parquet import TableWriter
from ...tables.registry import TABLES
from ..audit.channel_reader import ASIDE
from ..books.messages import Message, Messages, digests_of
from ..books.replay import BookReplay
from ..channels import IdScheme, channel_of, id_scheme
from ..gap_rows import gaps_of, inside, latest
from ..reader import Lake, LakeFile, Listing
from ..row_evidence import Evidence, note, slices
from ..spans import Span, between, union
from .ledger import Life, joined_ledger, off_times
from .rows import Side, merged

pc: Any = pyarrow.compute

__all__ = ["Merged", "merge"]

_MINUTE_NS = 60_000_000_000
_DERIVED = ("gaps", "book_digests")


class Merged(Struct):
    """What was written. ``filled`` and ``missed``: gaps of one recorder that the other has, and of both."""

    files: int = 0
    unchanged: int = 0
    rows: int = 0
    filled: int = 0
    missed: int = 0


def merge(
    one: Lake,
    other: Lake,
    target: Target,
    there: Listing | None = None,
    *,
    progress: Callable[[int], None] = lambda _: None,
) -> Merged:
    """Join two lakes into ``target``. ``there`` is what lies in it already.

    ``progress`` hears of the bytes that were joined. Raises `TargetError`, also where the target holds files
    that this merge does not write, and `DamagedFileError` where a file of either lake is damaged.
    """
    listings = one.listing(), other.listing()
    for lake, listing in zip((one, other), listings, strict=True):
        _refuse(lake, listing)
    done = Merged()
    partitions = sorted({(file.exchange, file.channel) for each in listings for file in each.files})
    if there is not None:
        numbers = {partition: _number(listings, partition) for partition in partitions}
        foreign = [
            file.key for file in there.files if numbers.get((file.exchange, file.channel)) != file.number
        ]
        if foreign or there.strangers:
            raise TargetError(
                TargetErrorKind.SETTINGS,
                target.url,
                f"it holds files that are not of this merge, as {(*foreign, *there.strangers)[0]}",
                "Name an empty place, or the one that the same two lakes were merged into.",
            )
    with tempfile.TemporaryDirectory() as aside:
        for partition in partitions:
            _Channel((one, other), listings, partition, Path(aside) / "part.parquet", target, done).run()
            progress(sum(file.size for each in listings for file in _of(each, partition)))
    return done


def _refuse(lake: Lake, listing: Listing) -> None:
    """Join nothing of which a part cannot be seen: rows would be missing, and no ledger would say so."""
    if listing.unreadable:
        key, trouble = listing.unreadable[0]
        problem, remedy = f"{key}: {trouble}", "Make it readable; audit both lakes first."
        raise TargetError(TargetErrorKind.SOURCE, lake.url, problem, remedy)
    if not listing.files:
        problem, remedy = "no file of a table is there", "Name a lake's folder, or a data_dir."
        raise TargetError(TargetErrorKind.BUCKET, lake.url, problem, remedy)


class _Channel:
    """Joins one channel."""

    def __init__(
        self,
        lakes: tuple[Lake, Lake],
        listings: tuple[Listing, Listing],
        partition: tuple[str, str],
        aside: Path,
        target: Target,
        done: Merged,
    ) -> None:
        self._lakes, self._aside, self._target, self._done = lakes, aside, target, done
        self._exchange, self._channel = partition
        self._number = _number(listings, partition)
        self._files = tuple(_of(listing, partition) for listing in listings)
        about = channel_of(*partition)
        tables = {file.table for files in self._files for file in files}
        self._main = about.table or next(iter(sorted(tables - {"connections", *_DERIVED})), "")
        self._rule = id_scheme(*partition)
        self._stream_snapshots = about.snapshot == "stream"
        self._depth = about.depth
        self._lines = tuple(self._ledger(side) for side in (0, 1))
        self._lives = tuple(self._find_lives(side) for side in (0, 1))
        self._vouched = self._find_vouched() if about.proof is Proof.CHECKSUM else None
        self._found: dict[str, Evidence] = {}
        self._replays: dict[str, BookReplay] = {}
        self._minutes: dict[str, int] = {}
        self._digests: dict[str, list[dict[str, Any]]] = {}

    def run(self) -> None:
        joined = self._join_ledgers_of_books() if self._rule is not IdScheme.CONSECUTIVE else {}
        tables = sorted({file.table for files in self._files for file in files} - set(_DERIVED))
        for symbol, lines in joined.items():
            if self._main == "book_updates":
                self._replay(symbol).expect([line for line in lines if line.status != "filled"], [])
        for table in tables:
            for date in sorted({file.date for files in self._files for file in files if file.table == table}):
                self._write(table, date, self._joined(table, date))
        if self._rule is IdScheme.CONSECUTIVE:
            joined = self._join_ledgers_of_trades()
        for date, digests in sorted(self._digests.items()):
            schema = TABLES["book_digests"].schema
            digests.sort(key=lambda line: (line["symbol"], line["timestamp"]))
            columns = [pa.array([line[field.name] for line in digests], field.type) for field in schema]
            self._write("book_digests", date, iter([pa.table(columns, schema=schema)]))
        self._write_ledger([line for lines in joined.values() for line in lines])

    # Rows

    def _joined(self, table: str, date: str) -> Iterator[pa.Table]:
        files = [[file for file in side if (file.table, file.date) == (table, date)] for side in self._files]
        by_symbol = "symbol" in TABLES[table].schema.names
        for symbol in self._symbols(files) if by_symbol else [None]:
            name = symbol or ""
            sides = [
                Side(
                    self._rows(side, table, files[side], symbol),
                    off_times(self._lines[side].get(name, ()), self._lives[side].get(name)),
                )
                for side in self._order(name)
            ]
            rule = self._rule if table == self._main else IdScheme.NONE
            rows = merged(table, rule, *sides, anew=self._anew(table, name, sides))
            if table == self._main and rows.num_rows and symbol is not None:
                self._follow(symbol, rows)
            yield rows

    def _order(self, symbol: str) -> list[int]:
        """The recorder that was there first is followed, on every day; which lake it is does not matter."""

        def first(side: int) -> tuple[int, int, int]:
            life = self._lives[side].get(symbol)
            return (1, 0, 0) if life is None else (0, life.first_ns, -life.last_ns)

        return sorted((0, 1), key=first)

    def _anew(self, table: str, symbol: str, sides: Sequence[Side]) -> bool:
        if any(
            line.from_id is not None and inside(line) is None
            for lines in self._lines
            for line in lines.get(symbol, ())
        ):
            return True
        if table != "book_updates" or not self._stream_snapshots:
            return False
        for side in sides:
            ids = side.rows["last_id"].combine_chunks()
            ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) and ids.num_chunks else ids
            if len(ids) > 1:
                falls = pc.less(ids.slice(1), ids.slice(0, len(ids) - 1))
                if pc.any(pc.fill_null(falls, False)).as_py():
                    return True
        return False

    def _rows(self, side: int, table: str, files: Sequence[LakeFile], symbol: str | None) -> pa.Table:
        batches = [batch for file in files for batch in self._lakes[side].batches(file, symbol=symbol)]
        return pa.Table.from_batches(batches, TABLES[table].schema)

    def _symbols(self, files: Sequence[Sequence[LakeFile]]) -> list[str]:
        found: set[str] = set()
        for side, of_side in enumerate(files):
            for file in of_side:
                for batch in self._lakes[side].batches(file, ["symbol"]):
                    found.update(pc.unique(batch.column("symbol")).to_pylist())
        return sorted(found)

    def _follow(self, symbol: str, rows: pa.Table) -> None:
        """Take note of the ids, and of what the book is at each full minute."""
        found = self._found.setdefault(symbol, Evidence())
        messages = Messages(symbol)
        for batch in rows.combine_chunks().to_batches():
            if self._rule in (IdScheme.CONSECUTIVE, IdScheme.SPARSE):
                note(found, self._main, self._rule, batch)
            if self._main == "book_updates":
                for message in messages.feed(batch):
                    self._step(symbol, message)
        for message in messages.end():
            self._step(symbol, message)
        found.compacted()

    def _step(self, symbol: str, message: Message) -> None:
        replay = self._replay(symbol)
        minute = message.local_ns // _MINUTE_NS
        before = self._minutes.setdefault(symbol, minute)
        if minute > before:
            self._minutes[symbol] = minute
            replay.prepare(message)
            if replay.certain and self._may_vouch(symbol, minute * _MINUTE_NS):
                at, book = minute * _MINUTE_NS, replay.book
                day = f"{datetime.fromtimestamp(at // 10**9, UTC):%Y-%m-%d}"
                self._digests.setdefault(day, []).append(
                    {
                        "symbol": symbol,
                        "timestamp": at,
                        "local_timestamp": message.local_ns,
                        "last_id": book.last_id,
                        "bids": len(book.bids),
                        "asks": len(book.asks),
                        "digest": book.digest(),
                    }
                )
        replay.feed(message)

    def _may_vouch(self, symbol: str, minute_ns: int) -> bool:
        """Where checksums are the proof, a recorder must have compared them: it left a digest."""
        return self._vouched is None or (symbol, minute_ns) in self._vouched

    def _find_vouched(self) -> set[tuple[str, int]]:
        return {
            (symbol, digest.minute_ns)
            for side in (0, 1)
            for file in self._files[side]
            if file.table == "book_digests"
            for batch in self._lakes[side].batches(file)
            for symbol, part in slices(batch)
            for digest in digests_of(part)
        }

    def _replay(self, symbol: str) -> BookReplay:
        if symbol not in self._replays:
            numbered = self._rule is IdScheme.BOOK
            self._replays[symbol] = BookReplay(
                symbol, numbered=numbered, began_anew=self._stream_snapshots, depth=self._depth
            )
        return self._replays[symbol]

    # Ledgers

    def _ledger(self, side: int) -> dict[str, list[Gap]]:
        lines = [
            line
            for file in self._files[side]
            if file.table == "gaps"
            for batch in self._lakes[side].batches(file)
            for line in gaps_of(batch)
        ]
        found: dict[str, list[Gap]] = {}
        for line in latest(lines):
            found.setdefault(line.symbol, []).append(line)
        return found

    def _find_lives(self, side: int) -> dict[str, Life]:
        """From when to when, and from which id to which, this recorder has each stream."""
        lives: dict[str, Life] = {}
        for file in self._files[side]:
            # All are read whole once: rows that are not the ones that were written are not to be joined.
            for batch in self._lakes[side].checked(file):
                if file.table == self._main and file.table != "connections":
                    for symbol, part in slices(batch):
                        lives[symbol] = _widened(lives.get(symbol), part, self._main, self._rule)
        return lives

    def _join_ledgers_of_books(self) -> dict[str, list[Gap]]:
        return {symbol: self._join(symbol, None) for symbol in self._ledger_symbols()}

    def _join_ledgers_of_trades(self) -> dict[str, list[Gap]]:
        absent = {symbol: between(found.spans) for symbol, found in self._found.items()}
        return {symbol: self._join(symbol, absent.get(symbol)) for symbol in self._ledger_symbols()}

    def _ledger_symbols(self) -> list[str]:
        found: set[str] = set()
        for side in (0, 1):
            found |= self._lines[side].keys() | self._lives[side].keys()
        return sorted(found)

    def _join(self, symbol: str, absent: Sequence[Span] | None) -> list[Gap]:
        one, other = (lines.get(symbol, []) for lines in self._lines)
        # A list that is asked for once a day has no time in which nobody recorded it.
        lives = [None if self._main in ASIDE else each.get(symbol) for each in self._lives]
        joined = joined_ledger(one, other, lives, absent)
        named = [_named(line, self._channel, symbol) for line in joined]
        self._done.filled += sum(line.status == "filled" for line in named)
        self._done.missed += sum(line.status != "filled" for line in named)
        return named

    def _write_ledger(self, lines: Sequence[Gap]) -> None:
        by_date: dict[str, list[Gap]] = {}
        for line in lines:
            day = f"{datetime.fromtimestamp(line.from_timestamp // 10**9, UTC):%Y-%m-%d}"
            by_date.setdefault(day, []).append(line)
        for date, of_day in sorted(by_date.items()):
            of_day.sort(key=lambda line: (line.channel, line.symbol, line.from_timestamp, line.from_id or 0))
            self._write("gaps", date, iter([pa.Table.from_batches([gap_batch(of_day)])]))

    # Files

    def _write(self, name: str, date: str, parts: Iterator[pa.Table]) -> None:
        segment = SegmentId(Partition(self._exchange, self._channel), self._number)
        file = TableFile(name, date, segment)
        rows = _write_file(self._aside, file, parts)
        if not rows:
            return
        receipt = self._target.put(self._aside, file.path.as_posix())
        self._done.files += 1
        self._done.unchanged += receipt.outcome is Outcome.UNCHANGED
        self._done.rows += rows


def _of(listing: Listing, partition: tuple[str, str]) -> list[LakeFile]:
    return [file for file in listing.files if (file.exchange, file.channel) == partition]


def _number(listings: Sequence[Listing], partition: tuple[str, str]) -> int:
    """One number for all files of a channel: the least one of both lakes."""
    return min(file.number for listing in listings for file in _of(listing, partition))


def _named(line: Gap, channel: str, symbol: str) -> Gap:
    return msgspec.structs.replace(line, channel=channel, symbol=symbol)


def _widened(life: Life | None, part: pa.RecordBatch, table: str, rule: IdScheme) -> Life:
    times = pc.min_max(part.column("local_timestamp").cast(pa.int64()))
    first_ns, last_ns = times["min"].as_py(), times["max"].as_py()
    first_id: int | None = None
    last_id: int | None = None
    if rule in (IdScheme.CONSECUTIVE, IdScheme.SPARSE):
        found = Evidence()
        note(found, table, rule, part)
        spans = union(found.spans)[0]
        if spans:
            first_id, last_id = spans[0][0], spans[-1][1]
    elif rule in (IdScheme.BOOK, IdScheme.CHAIN):
        updates = part.filter(pc.invert(part.column("is_snapshot")))
        first_id = pc.min(updates.column("first_id")).as_py()
        last_id = pc.max(updates.column("last_id")).as_py()
    if life is None:
        return Life(first_ns, last_ns, first_id, last_id)
    return Life(
        min(life.first_ns, first_ns),
        max(life.last_ns, last_ns),
        min((each for each in (life.first_id, first_id) if each is not None), default=None),
        max((each for each in (life.last_id, last_id) if each is not None), default=None),
    )


def _write_file(path: Path, file: TableFile, parts: Iterable[pa.Table]) -> int:
    """Write the parts' rows, one part after the other; how many rows there were."""
    rows = 0
    with TableWriter(path, TABLES[file.table], file.path.as_posix()) as writer:
        for part in parts:
            if part.num_rows:
                rows += part.num_rows
                writer.add(part.combine_chunks())
    return rows
