"""Writes a file of a table as normalize does: the same encodings, row groups and checksums."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ..normalize.schemas import TABLES
from ..normalize.segment import ROW_GROUP_LINES, ZSTD_LEVEL

__all__ = ["write_file"]


def write_file(path: Path, name: str, parts: Iterable[pa.Table]) -> int:
    """Write the parts' rows, one part after the other; how many rows there were."""
    table = TABLES[name]
    encodings = dict.fromkeys(table.delta, "DELTA_BINARY_PACKED")
    encodings |= dict.fromkeys(table.prefix, "DELTA_BYTE_ARRAY")
    rows = 0
    with pq.ParquetWriter(
        path,
        table.schema,
        compression="zstd",
        compression_level=ZSTD_LEVEL,
        use_dictionary=list(table.dictionary),  # type: ignore[arg-type]
        column_encoding=encodings,
        write_page_checksum=True,
    ) as writer:
        for part in parts:
            if part.num_rows:
                rows += part.num_rows
                writer.write_table(part.combine_chunks(), row_group_size=ROW_GROUP_LINES)
    return rows
