"""The on-disk protocol: where files lie, and how raw rows get into them and survive any crash.

Names that work on rows are imported when they are first used: they bring Arrow along, and workers that only
look at directories and status files (sync, watchdog) need not hold its 45 MB.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .files import fsync_directory, make_directories, move, publish, write_atomic
from .layout import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId, TableFile
from .lock import AlreadyRunningError, WorkerLock
from .writer_values import Closing, WriterLimits, WriterStats

if TYPE_CHECKING:
    from .raw import CONNECTION, RAW_SCHEMA, UNKNOWN, RawKind, RawRecord
    from .writer import StreamingParquetWriter

__all__ = [
    "CONNECTION",
    "NORMALIZED",
    "RAW_SCHEMA",
    "READY",
    "SYNCED",
    "UNKNOWN",
    "AlreadyRunningError",
    "Closing",
    "Layout",
    "Partition",
    "RawKind",
    "RawRecord",
    "SegmentId",
    "StreamingParquetWriter",
    "TableFile",
    "WorkerLock",
    "WriterLimits",
    "WriterStats",
    "fsync_directory",
    "make_directories",
    "move",
    "publish",
    "write_atomic",
]

_WITH_ARROW = {
    "CONNECTION": "raw",
    "RAW_SCHEMA": "raw",
    "UNKNOWN": "raw",
    "RawKind": "raw",
    "RawRecord": "raw",
    "StreamingParquetWriter": "writer",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    if name not in _WITH_ARROW:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_WITH_ARROW[name]}", __name__), name)
