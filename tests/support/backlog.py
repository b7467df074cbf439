"""Files as ingest and normalize write them, for tests of what follows."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from daedalus.store.layout import Layout, Partition, SegmentId, TableFile

__all__ = ["HOUR_NS", "START_NS", "raw_file", "segment", "table_file", "tree"]

HOUR_NS = 3_600_000_000_000
START_NS = 1_795_400_000_000_000_000  # in November 2026


def segment(hour: int, channel: str = "trade", exchange: str = "binance") -> SegmentId:
    """The segment opened this many hours after the start."""
    return SegmentId(Partition(exchange, channel), START_NS + hour * HOUR_NS)


def table_file(
    layout: Layout, state: str, of: SegmentId, content: bytes, table: str = "trades", date: str = "2026-11-23"
) -> Path:
    """Write a file of a table in ``tables/<state>``."""
    return _write(layout.tables(state) / TableFile(table, date, of).path, content)


def raw_file(layout: Layout, state: str, of: SegmentId, content: bytes) -> Path:
    """Write a sealed raw file in ``raw/<state>``."""
    return _write(layout.raw(state) / of.sealed_path, content)


def tree(root: Path) -> dict[str, bytes]:
    """All files below ``root`` by relative path, except those that are moved meanwhile."""
    found = {}
    for path in root.rglob("*"):
        with suppress(FileNotFoundError, IsADirectoryError):
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
