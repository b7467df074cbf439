"""What lies on the disk while the recorder runs, by its files alone: its status comes every two seconds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from daedalus.store.ipc_log import Committed, scan

__all__ = ["Stream", "streams_since"]

Stream = tuple[str, str]
"""Channel and symbol."""

_COLUMNS = ["recv_ns", "kind", "channel", "symbol"]


def streams_since(data: Path, since_ns: int) -> set[Stream]:
    """The streams of which there is a message that came after that time (UTC ns)."""
    found: set[Stream] = set()
    for path in (*(data / "raw" / "active").glob("*.arrows"), *(data / "raw" / "ready").rglob("*.parquet")):
        with suppress(OSError, pa.ArrowException):  # sealed or swept meanwhile, or the test has seen to that
            if path.stat().st_mtime_ns > since_ns:
                found.update(_streams(path, since_ns))
    return found


def _streams(path: Path, since_ns: int) -> Iterator[Stream]:
    for batch in _batches(path):
        columns = (batch.column(name).to_pylist() for name in _COLUMNS)
        for recv_ns, kind, channel, symbol in zip(*columns, strict=True):
            if kind == "message" and recv_ns > since_ns:
                yield channel, symbol


def _batches(path: Path) -> Iterator[pa.RecordBatch]:
    if path.suffix == ".parquet":
        with pq.ParquetFile(path) as file:
            yield from file.iter_batches(columns=_COLUMNS)
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield from (each.batch for each in scan(descriptor) if isinstance(each, Committed))
    finally:
        os.close(descriptor)
