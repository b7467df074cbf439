"""Read a sealed raw file piece by piece: its rows in their order, and where rows were lost.

Damage is what the bytes say. A file that cannot be opened or read for now is not damaged; it waits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from ..errors import DaedalusError
from ..store.raw import DAMAGE, RAW_SCHEMA, RawRecord
from ..store.regular_files import open_descriptor

__all__ = ["DamagedSegmentError", "read_raw"]

_READ_ROWS = 8_192
_READ_BYTES = 16 * 1024 * 1024


class DamagedSegmentError(DaedalusError):
    """The bytes of a raw file are not what was written; the message says which and why."""


def read_raw(path: Path) -> Iterator[list[RawRecord] | None]:
    """The raw rows of a file, some thousands at a time, in their order; None where rows were lost.

    Raises `DamagedSegmentError` if the bytes are damaged, `OSError` or `MemoryError` if they cannot be read
    now.
    """
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
    """The numbers of the rows before which others were lost, ascending; see `daedalus.store.raw.DAMAGE`."""
    os.close(open_descriptor(path))
    try:
        footer = pq.read_metadata(path).metadata or {}
        return msgspec.json.decode(footer.get(DAMAGE.encode(), b"[]"), type=list[int])
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _as_damage(path, error) from error


def _read_rows(path: Path) -> Iterator[list[RawRecord]]:
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(RAW_SCHEMA):
                raise DamagedSegmentError(f"{path}: its columns are not those of a raw file")
            left = file.metadata.num_rows
            for group in range(file.num_row_groups):  # asked for all at once, it would keep them all
                rows = _rows_at_once(file.metadata.row_group(group))
                for batch in file.iter_batches(rows, row_groups=[group], use_threads=False):
                    left -= batch.num_rows
                    records = [RawRecord(*row) for row in zip(*_lists(batch), strict=True)]
                    del batch  # a message of 64 MB need not be held twice
                    yield records
            if left:  # no checksum covers Parquet's headers, and the reader trusts them
                raise DamagedSegmentError(f"{path}: {left:+,} rows against what its footer says")
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _as_damage(path, error) from error


def _rows_at_once(group: pq.RowGroupMetaData) -> int:
    """How many rows take some MB, whatever the length of the messages."""
    each = group.total_byte_size // max(1, group.num_rows)
    return max(1, min(_READ_ROWS, _READ_BYTES // max(1, each)))


def _as_damage(path: Path, error: Exception) -> Exception:
    """The error to raise: damage if the bytes are wrong, else that of the system or of memory."""
    if isinstance(error, OSError) and error.errno is not None:
        return OSError(error.errno, os.strerror(error.errno), str(path))
    # Arrow has no type of its own for threads that cannot be started, and zstd none for its memory.
    if isinstance(error, MemoryError) or type(error) is pa.ArrowException or "memory" in str(error):
        return MemoryError(f"{path} cannot be read now: {error}")
    return DamagedSegmentError(f"{path}: cannot be read: {error}")


def _lists(batch: pa.RecordBatch) -> list[list[object]]:
    return [batch.column(name).to_pylist() for name in RAW_SCHEMA.names]
