"""Files of earlier versions, read in the columns that their table has now.

A table only ever gains columns that may be null, and its columns only ever become nullable: what an earlier
version wrote then stays readable, and what it did not know is null.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

__all__ = ["conformed", "fits"]


def fits(found: pa.Schema, expected: pa.Schema) -> bool:
    """Whether a file's columns are those of its table, or were those of an earlier version of it."""
    if found.equals(expected):
        return True
    names = set(found.names)
    return names <= set(expected.names) and all(
        _fits(found.field(field.name), field) if field.name in names else field.nullable for field in expected
    )


def conformed(batch: pa.RecordBatch, expected: pa.Schema, columns: Sequence[str] | None) -> pa.RecordBatch:
    """The rows in the table's columns of now, all or some: null where the file has none of that name."""
    if batch.schema.equals(expected):
        return batch
    fields = [field for field in expected if columns is None or field.name in columns]
    arrays = [
        batch.column(field.name) if field.name in batch.schema.names else pa.nulls(batch.num_rows, field.type)
        for field in fields
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))


def _fits(found: pa.Field[pa.DataType], expected: pa.Field[pa.DataType]) -> bool:
    return found.type.equals(expected.type) and (expected.nullable or not found.nullable)
