"""One Parquet file of a table: its columns, its row groups, and whether they are what was written.

Files of earlier versions are read in today's columns. A table only gains columns that may be null, and a
column only becomes nullable: an older file stays readable, and what it did not know is null.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from ..errors import DaedalusError
from ..tables.content import Claim, Content

pc: Any = pyarrow.compute

__all__ = [
    "AlteredFileError",
    "DamagedFileError",
    "conform",
    "fits",
    "has_symbol",
    "read_row_group",
    "verify_rows",
]

_BATCH_ROWS = 100_000


class DamagedFileError(DaedalusError):
    """A file of the lake is not as it was written, or is gone; the message says which and why."""


class AlteredFileError(DamagedFileError):
    """A file of the lake can be read, but its rows are not those that were written."""


def fits(found: pa.Schema, expected: pa.Schema) -> bool:
    """Whether a file's columns are those of its table, today or in an earlier version."""
    if found.equals(expected):
        return True
    names = set(found.names)
    return names <= set(expected.names) and all(
        _fits(found.field(field.name), field) if field.name in names else field.nullable for field in expected
    )


def conform(batch: pa.RecordBatch, expected: pa.Schema, columns: Sequence[str] | None) -> pa.RecordBatch:
    """The rows in today's columns, all or some; null where the file lacks one."""
    if batch.schema.equals(expected):
        return batch
    fields = [field for field in expected if columns is None or field.name in columns]
    arrays = [
        batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        for field in fields
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def verify_rows(key: str, parquet: pq.ParquetFile, content: Content) -> bool:
    """Compare all rows of a file with the checksum in its footer; False if it has none.

    Raises `AlteredFileError` if they differ.
    """
    claim = Claim.of(parquet.metadata.metadata)
    if claim is None:
        return False
    if claim.file != key:
        raise AlteredFileError(f"{key}: it was written as {claim.file}")
    found = content.claim(key)
    if found.rows != claim.rows:
        raise AlteredFileError(f"{key}: it has {found.rows:,} rows, and {claim.rows:,} were written")
    other = [name for name, sum_ in found.columns.items() if claim.columns.get(name) != sum_]
    if other:
        raise AlteredFileError(f"{key}: its values are not those that were written, in {', '.join(other)}")
    return True


def read_row_group(
    key: str, parquet: pq.ParquetFile, group: int, columns: Sequence[str] | None
) -> Iterator[pa.RecordBatch]:
    """The rows of one row group. Raises `DamagedFileError` if the footer says otherwise."""
    about = parquet.metadata.row_group(group)
    rows = 0
    bounds = _Bounds()
    names = None if columns is None else list(columns)
    for batch in parquet.iter_batches(_BATCH_ROWS, row_groups=[group], columns=names, use_threads=False):
        batch.validate()
        rows += batch.num_rows
        bounds.take(batch)
        yield batch
    if rows != about.num_rows or (wrong := bounds.wrong(about, parquet.schema_arrow)):
        what = f"{rows:,} of {about.num_rows:,} rows" if rows != about.num_rows else f"the bounds of {wrong}"
        raise DamagedFileError(f"{key}: row group {group} does not hold what its footer says: {what}")


def has_symbol(parquet: pq.ParquetFile, group: int, symbol: str) -> bool:
    """Whether a row group has rows of a symbol."""
    batches = parquet.iter_batches(_BATCH_ROWS, row_groups=[group], columns=["symbol"], use_threads=False)
    return any(pc.any(pc.equal(batch.column("symbol"), symbol)).as_py() for batch in batches)


def _fits(found: pa.Field[pa.DataType], expected: pa.Field[pa.DataType]) -> bool:
    return found.type.equals(expected.type) and (expected.nullable or not found.nullable)


class _Bounds:
    """The smallest and largest value of each integer column, as read and as the footer has them.

    Query engines skip row groups by these bounds: a wrong one hides rows, though every page is right.
    """

    def __init__(self) -> None:
        self._read: dict[str, tuple[int, int]] = {}

    def take(self, batch: pa.RecordBatch) -> None:
        for field in batch.schema:
            if pa.types.is_timestamp(field.type) or pa.types.is_int64(field.type):
                found = pc.min_max(batch.column(field.name).cast(pa.int64()))
                low, high = found["min"].as_py(), found["max"].as_py()
                if low is not None:
                    known = self._read.get(field.name, (low, high))
                    self._read[field.name] = min(low, known[0]), max(high, known[1])

    def wrong(self, about: pq.RowGroupMetaData, schema: pa.Schema) -> str:
        """The name of a column whose bounds differ, "" if there is none.

        Call it when all rows are read: pyarrow ends the process when it is asked for the statistics of a
        column that cannot be read.
        """
        for name, read in sorted(self._read.items()):
            statistics: Any = about.column(schema.get_field_index(name)).statistics
            said = statistics is not None and statistics.has_min_max
            if said and (statistics.min_raw, statistics.max_raw) != read:
                return name
        return ""
