"""An external merge sort: orders a segment's rows by symbol and id without holding them all.

Rows wait in memory per (table, date, symbol), up to some 100,000 lines. Then each such bucket is sorted, made
columnar, compressed and written as a run to one temporary file; small buckets share a pack. At the end each
bucket's runs are merged. As rows come almost in order, runs rarely overlap and a merge is a concatenation;
only runs that do overlap (a late message, a backfill) are cut into ranges and sorted.
The file stays in memory while it is small and has no name, so that a crash leaves nothing behind.
In memory alone a segment of 100 MB would take 1.2 GB: it holds 20 million levels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import BinaryIO, NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct

from ..tables.book_updates import line_count
from ..tables.columns import entry_batch
from ..tables.entry import Entry
from ..tables.registry import TABLES
from ..tables.rows import BookUpdate

__all__ = ["LINES_IN_MEMORY", "Bucket", "ExternalSort"]

LINES_IN_MEMORY = 100_000

_PACK_LINES = 4_096
"""Lines of small buckets that share one pack, at most."""

_KEY = "_key"
_IPC = pa.ipc.IpcWriteOptions(compression="zstd")


class Bucket(NamedTuple):
    """Rows that are sorted together. ``era``: how often the exchange's numbers have started anew."""

    table: str
    date: str
    symbol: str
    era: int = 0


class _Run(Struct, frozen=True):
    """``count`` lines of one bucket in a pack, from line ``begin`` on."""

    first_key: int
    last_key: int
    pack: int
    begin: int
    count: int


class _Pack(Struct, frozen=True):
    """A piece of the file: one large bucket, or several small ones (``is_shared``) up to ``last``."""

    offset: int
    length: int
    last: Bucket
    is_shared: bool


class ExternalSort:
    """Takes entries in any order and gives record batches in the order of their tables.

    ``spill`` is an empty file that can be read and written; only this object may use it.
    """

    def __init__(self, spill: BinaryIO, lines_in_memory: int = LINES_IN_MEMORY) -> None:
        self._spill = spill
        self._limit = lines_in_memory
        self._waiting: dict[Bucket, list[Entry]] = {}
        self._lines = 0
        self._runs: dict[Bucket, list[_Run]] = {}
        self._packs: list[_Pack] = []
        self._kept: dict[int, pa.RecordBatch] = {}
        self._files: dict[tuple[str, str], list[Bucket]] | None = None

    def add(self, bucket: Bucket, entry: Entry) -> None:
        """Take an entry. Entries of one bucket with equal keys keep their order."""
        if line_count(entry.row) > self._limit:
            for part in _parts(entry, self._limit):
                self.add(bucket, part)
            return
        waiting = self._waiting.get(bucket)
        if waiting is None:
            waiting = self._waiting[bucket] = []
        waiting.append(entry)
        self._lines += line_count(entry.row) + 1
        if self._lines >= self._limit:
            self._write_runs()

    def files(self) -> list[tuple[str, str]]:
        """The (table, date) pairs there are rows for, sorted. No entry may be added after it."""
        if self._files is None:
            self._write_runs()
            self._files = {}
            for bucket in sorted(self._runs):
                self._files.setdefault((bucket.table, bucket.date), []).append(bucket)
        return sorted(self._files)

    def batches(self, table: str, date: str) -> Iterator[pa.RecordBatch]:
        """The rows of one file in their order, in batches of bounded size."""
        self.files()
        for bucket in (self._files or {}).get((table, date), ()):
            yield from self._merged(bucket)

    def _write_runs(self) -> None:
        together: list[tuple[Bucket, list[Entry]]] = []
        lines = 0
        for bucket, entries in sorted(self._waiting.items()):
            count = sum(line_count(entry.row) for entry in entries)
            first = together[0][0] if together else bucket
            if together and (
                lines + count > _PACK_LINES or (first.table, first.date) != (bucket.table, bucket.date)
            ):
                self._pack(together)
                together, lines = [], 0
            entries.sort(key=_key)
            together.append((bucket, entries))
            lines += count
        if together:
            self._pack(together)
        self._waiting.clear()
        self._lines = 0

    def _pack(self, together: Sequence[tuple[Bucket, list[Entry]]]) -> None:
        """Write buckets of one table and date as one piece: a piece costs far more than a few lines."""
        first = together[0][0]
        entries = [entry for _, of_bucket in together for entry in of_bucket]
        lines = entry_batch(first.table, first.symbol if len(together) == 1 else None, entries)
        keys = [entry.key for entry in entries for _ in range(line_count(entry.row))]
        begin = 0
        for bucket, of_bucket in together:
            count = sum(line_count(entry.row) for entry in of_bucket)
            if count:
                run = _Run(of_bucket[0].key, of_bucket[-1].key, len(self._packs), begin, count)
                self._runs.setdefault(bucket, []).append(run)
            begin += count
        keyed = lines.append_column(_KEY, pa.array(keys, pa.int64()))
        content = pa.BufferOutputStream()
        with pa.ipc.new_stream(content, keyed.schema, options=_IPC) as stream:
            stream.write_batch(keyed)
        offset = self._spill.tell()
        length = self._spill.write(content.getvalue())
        self._packs.append(_Pack(offset, length, together[-1][0], is_shared=len(together) > 1))

    def _read(self, run: _Run) -> pa.RecordBatch:
        pack = self._packs[run.pack]
        found = self._kept.get(run.pack)
        if found is None:
            here = self._spill.tell()
            self._spill.seek(pack.offset)
            content = self._spill.read(pack.length)
            self._spill.seek(here)
            with pa.ipc.open_stream(content) as stream:
                found = stream.read_next_batch()
            if pack.is_shared:  # the next buckets are in it too
                self._kept[run.pack] = found
        return found.slice(run.begin, run.count)

    def _merged(self, bucket: Bucket) -> Iterator[pa.RecordBatch]:
        self._kept = {at: kept for at, kept in self._kept.items() if self._packs[at].last >= bucket}
        runs = self._runs[bucket]
        names = TABLES[bucket.table].schema.names
        if all(one.last_key <= after.first_key for one, after in pairwise(runs)):
            for run in runs:
                yield self._read(run).select(names)
            return
        # Each run's first key begins a range; a range holds the lines of all runs in it, in order of arrival.
        begins = sorted({run.first_key for run in runs})
        for begin, end in zip(begins, [*begins[1:], None], strict=True):
            parts = [
                _within(self._read(run), begin, end)
                for run in runs
                if run.last_key >= begin and (end is None or run.first_key < end)
            ]
            lines = pa.Table.from_batches(parts).combine_chunks()
            lines = lines.take(pc.sort_indices(lines.column(_KEY)))
            yield from lines.select(names).to_batches()


def _parts(entry: Entry, most: int) -> Iterator[Entry]:
    """Split a message of very many levels: its lines stand one after the other all the same."""
    update = entry.row
    assert isinstance(update, BookUpdate)
    for name, levels in (("bids", update.bids), ("asks", update.asks)):
        for begin in range(0, len(levels), most):
            sides = {"bids": (), "asks": (), name: levels[begin : begin + most]}
            yield msgspec.structs.replace(entry, row=msgspec.structs.replace(update, **sides))


def _key(entry: Entry) -> int:
    return entry.key


def _within(lines: pa.RecordBatch, begin: int, end: int | None) -> pa.RecordBatch:
    keys = lines.column(_KEY)
    wanted = pc.greater_equal(keys, pa.scalar(begin, pa.int64()))
    if end is not None:
        wanted = pc.and_(wanted, pc.less(keys, pa.scalar(end, pa.int64())))
    return lines.filter(wanted)
