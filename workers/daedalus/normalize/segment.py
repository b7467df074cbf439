"""One segment: its raw file read piece by piece, its tables and its checkpoint written under final names.

The order of the steps is what makes it safe to be killed at any moment: tables are published first, then
the checkpoint, and only then the raw file changes its state. Until then the segment is simply done again,
from the same checkpoint, to the same bytes under the same names.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DaedalusError
from ..exchanges.model import Exchange
from ..store.files import make_directories, move, publish
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, SegmentId, TableFile
from ..store.raw import DAMAGE, RAW_SCHEMA, RawRecord
from ..store.regular_files import create, open_descriptor
from ..tables.parquet import ROW_GROUP_LINES, TableWriter
from ..tables.registry import TABLES
from .checkpoint import read_checkpoint, write_checkpoint
from .transform import Counts, Transform

__all__ = ["DamagedSegment", "Interrupted", "normalize_segment", "set_aside"]

SPILL_IN_MEMORY = 32 * 1024 * 1024
"""Rows that wait for their order lie on the disk only where they are more: twice the tables' own size."""

_READ_ROWS = 8_192
_READ_BYTES = 16 * 1024 * 1024


class DamagedSegment(DaedalusError):  # noqa: N818 - the name says the whole error
    """The bytes of a raw file are not what was written; the message says which and why."""


class Interrupted(Exception):  # noqa: N818 - the name says the whole error
    """The worker was told to stop in the middle of a segment, which stays as it was."""


def normalize_segment(
    layout: Layout, segment: SegmentId, exchange: Exchange, go_on: Callable[[], bool] = lambda: True
) -> Counts:
    """Turn a segment in ``raw/ready`` into files in ``tables/ready``, then move it to ``raw/normalized``.

    ``go_on`` is asked every few thousand rows. Raises `DamagedSegment` if the segment's bytes are damaged
    (nothing is published then), `Interrupted` where ``go_on`` says no, and `OSError` or `MemoryError` if it
    cannot be read, or the tables not be written, for now.
    """
    source = layout.raw(READY) / segment.sealed_path
    make_directories(layout.tables_active)
    with tempfile.SpooledTemporaryFile(SPILL_IN_MEMORY, dir=str(layout.tables_active)) as spill:
        waiting = cast(BinaryIO, spill)
        transform = Transform(exchange, segment.partition.channel, read_checkpoint(layout, segment), waiting)
        for records in _read(source):
            _ask(go_on)
            if records is None:
                transform.damage()
            else:
                transform.feed(records)
        files = [TableFile(table, date, segment) for table, date in transform.files()]
        for file in (*files, *_emptied(layout, segment, files)):
            table, date = file.table, file.date
            aside = layout.tables_active / f"{segment.partition.exchange}.{table}.{date}.{file.path.name}"
            _write(aside, file, transform.batches(table, date), go_on)
            _publish(layout, aside, file)
    write_checkpoint(layout, segment, transform.checkpoint())
    move(source, layout.raw(NORMALIZED) / segment.sealed_path)
    return transform.counts


def set_aside(layout: Layout, segment: SegmentId) -> Path:
    """Move a raw file that cannot be read to ``raw/damaged``, and let the ledger know what is missing."""
    write_checkpoint(layout, segment, msgspec.structs.replace(read_checkpoint(layout, segment), damaged=True))
    kept = layout.damaged / segment.damaged_name
    move(layout.raw(READY) / segment.sealed_path, kept)
    return kept


def _emptied(layout: Layout, segment: SegmentId, files: list[TableFile]) -> list[TableFile]:
    """The files that an earlier turn of the same segment gave and this one does not: they become empty."""
    if not layout.checkpoint(segment).exists():
        return []
    return [file for file in layout.table_files_of(segment) if file not in files]


def _read(path: Path) -> Iterator[list[RawRecord] | None]:
    """The raw rows of a file, some thousands at a time, in their order; None where rows were lost."""
    places = _damage(path)
    count = 0
    for rows in _read_rows(path):
        begin = 0
        while places and places[0] < count + len(rows):
            end = places.pop(0) - count
            if end > begin:
                yield rows[begin:end]
            yield None
            begin = end
        if begin < len(rows):
            yield rows[begin:]
        count += len(rows)
    if places:
        yield None


def _damage(path: Path) -> list[int]:
    """Before which rows others were lost, in ascending order; see `daedalus.store.raw.DAMAGE`."""
    os.close(open_descriptor(path))
    try:
        footer = pq.read_metadata(path).metadata or {}
        return msgspec.json.decode(footer.get(DAMAGE.encode(), b"[]"), type=list[int])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _judged(path, error) from error


def _read_rows(path: Path) -> Iterator[list[RawRecord]]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(RAW_SCHEMA):
                raise DamagedSegment(f"{path}: its columns are not those of a raw file")
            left = file.metadata.num_rows
            for group in range(file.num_row_groups):  # asked for all at once, it would keep them all
                rows = _rows_at_once(file.metadata.row_group(group))
                for batch in file.iter_batches(rows, row_groups=[group], use_threads=False):
                    left -= batch.num_rows
                    records = [RawRecord(*row) for row in zip(*_lists(batch), strict=True)]
                    del batch  # a message of 64 MB need not be held twice
                    yield records
            if left:  # no checksum covers Parquet's headers, and a reader of batches trusts them
                raise DamagedSegment(f"{path}: {left:+,} rows against what its footer says")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _judged(path, error) from error


def _rows_at_once(group: pq.RowGroupMetaData) -> int:
    """So many rows that they take some MB, whatever the length of the messages."""
    each = group.total_byte_size // max(1, group.num_rows)
    return max(1, min(_READ_ROWS, _READ_BYTES // max(1, each)))


def _judged(path: Path, error: Exception) -> Exception:
    """Damage is what the bytes say. An error of the system, or of memory, says nothing of them."""
    if isinstance(error, OSError) and error.errno is not None:
        return OSError(error.errno, os.strerror(error.errno), str(path))
    # Arrow has no type of its own for threads that cannot be started, and zstd none for its memory.
    if isinstance(error, MemoryError) or type(error) is pa.ArrowException or "memory" in str(error):
        return MemoryError(f"{path} cannot be read now: {error}")
    return DamagedSegment(f"{path}: cannot be read: {error}")


def _lists(batch: pa.RecordBatch) -> list[list[object]]:
    return [batch.column(name).to_pylist() for name in RAW_SCHEMA.names]


def _ask(go_on: Callable[[], bool]) -> None:
    if not go_on():
        raise Interrupted


def _write(path: Path, file: TableFile, batches: Iterator[pa.RecordBatch], go_on: Callable[[], bool]) -> None:
    os.close(create(path, 0o640))
    with TableWriter(path, TABLES[file.table], file.path.as_posix()) as writer:
        for group in _groups(TABLES[file.table].schema, batches, go_on):
            writer.add(group)


def _groups(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], go_on: Callable[[], bool]
) -> Iterator[pa.Table]:
    """The same lines in pieces of `ROW_GROUP_LINES`, the last one smaller."""
    waiting: list[pa.RecordBatch] = []
    lines = 0
    for batch in batches:
        _ask(go_on)
        while lines + batch.num_rows >= ROW_GROUP_LINES:
            rest = ROW_GROUP_LINES - lines
            yield pa.Table.from_batches([*waiting, batch.slice(0, rest)], schema).combine_chunks()
            waiting, lines = [], 0
            batch = batch.slice(rest)
        if batch.num_rows:
            waiting.append(batch)
            lines += batch.num_rows
    if lines:
        yield pa.Table.from_batches(waiting, schema).combine_chunks()


def _publish(layout: Layout, aside: Path, file: TableFile) -> None:
    """Put a finished file into ``ready``, unless the very same was already uploaded from there."""
    uploaded = layout.tables(SYNCED) / file.path
    if uploaded.is_file() and uploaded.read_bytes() == aside.read_bytes():
        aside.unlink()
        return
    publish(aside, layout.tables(READY) / file.path)
