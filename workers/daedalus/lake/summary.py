"""What a local lake holds: files, rows and bytes per table, from the files' own metadata."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from msgspec import Struct

__all__ = ["TableSize", "table_sizes"]

RAW_FOLDER = "raw"


class TableSize(Struct, frozen=True):
    """One table of the lake."""

    name: str
    files: int
    rows: int
    bytes: int


def table_sizes(root: Path) -> list[TableSize]:
    """Every table below ``root``, by name."""
    return [_size(path) for path in sorted(root.iterdir()) if path.is_dir() and path.name != RAW_FOLDER]


def _size(path: Path) -> TableSize:
    files = [file for file in path.rglob("*.parquet") if file.is_file()]
    rows = sum(pq.read_metadata(file).num_rows for file in files)
    return TableSize(path.name, len(files), rows, sum(file.stat().st_size for file in files))
