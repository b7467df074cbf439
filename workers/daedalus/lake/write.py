"""Writes a file of a table as normalize does: the same encodings, row groups and checksums."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from ..store.layout import TableFile
from ..tables.parquet import TableWriter
from ..tables.registry import TABLES

__all__ = ["write_file"]


def write_file(path: Path, file: TableFile, parts: Iterable[pa.Table]) -> int:
    """Write the parts' rows, one part after the other; how many rows there were."""
    rows = 0
    with TableWriter(path, TABLES[file.table], file.path.as_posix()) as writer:
        for part in parts:
            if part.num_rows:
                rows += part.num_rows
                writer.add(part.combine_chunks())
    return rows
