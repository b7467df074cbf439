"""Rows to columns: lists of rows as Arrow record batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
from msgspec import Struct

from .book_updates import line_count
from .connections import CONNECTIONS, ConnectionEvent
from .entry import Entry, column_lists
from .gaps import GAPS, Gap
from .registry import TABLES
from .table import Table

__all__ = ["connection_batch", "entry_batch", "gap_batch"]


def entry_batch(name: str, symbol: str | None, entries: Sequence[Entry]) -> pa.RecordBatch:
    """Entries of a table as its columns, in their order. ``symbol``: None if they are of several."""
    table = TABLES[name]
    columns = table.build(entries) if table.build else _plain(table, entries)
    lines = len(columns["timestamp"])
    if symbol is None:
        columns["symbol"] = [entry.row.symbol for entry in entries for _ in range(line_count(entry.row))]
    else:
        columns["symbol"] = pa.repeat(symbol, lines)
    arrays = [_array(columns[field.name], field.type) for field in table.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def gap_batch(gaps: Sequence[Gap]) -> pa.RecordBatch:
    """Rows of the table ``gaps``, in their order."""
    return _struct_batch(GAPS, gaps)


def connection_batch(events: Sequence[ConnectionEvent]) -> pa.RecordBatch:
    """Rows of the table ``connections``, in their order."""
    return _struct_batch(CONNECTIONS, events)


def _struct_batch(table: Table, rows: Sequence[Struct]) -> pa.RecordBatch:
    arrays = [_array([getattr(row, field.name) for row in rows], field.type) for field in table.schema]
    return pa.RecordBatch.from_arrays(arrays, schema=table.schema)


def _plain(table: Table, entries: Sequence[Entry]) -> dict[str, Any]:
    """Columns that are fields of the rows or of their entries."""
    return column_lists(entries, (column.name for column in table.columns if column.name != "symbol"))


def _array(values: Sequence[object] | pa.Array[Any], kind: pa.DataType) -> pa.Array[Any]:
    if not isinstance(values, pa.Array):
        return pa.array(values, kind)
    return values if values.type == kind else values.cast(kind)
