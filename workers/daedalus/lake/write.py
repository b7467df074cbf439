"""Writes a file of a table as normalize does: the same encodings, row groups and checksums."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from ..normalize.parquet import ROW_GROUP_LINES, table_writer

__all__ = ["write_file"]


def write_file(path: Path, name: str, parts: Iterable[pa.Table]) -> int:
    """Write the parts' rows, one part after the other; how many rows there were."""
    rows = 0
    with table_writer(path, name) as writer:
        for part in parts:
            if part.num_rows:
                rows += part.num_rows
                writer.write_table(part.combine_chunks(), row_group_size=ROW_GROUP_LINES)
    return rows
