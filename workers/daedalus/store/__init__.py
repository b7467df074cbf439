"""The on-disk protocol: where files lie, and how raw rows get into them and survive any crash."""

from .files import fsync_directory, make_directories, move, publish, write_atomic
from .layout import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId, TableFile
from .limits import Closing, WriterLimits, WriterStats
from .lock import AlreadyRunning, WorkerLock
from .raw import CONNECTION, RAW_SCHEMA, UNKNOWN, RawKind, RawRecord
from .recovery import Recovery
from .status import Status, boot_id, read_status, read_statuses, write_status
from .writer import StreamingParquetWriter

__all__ = [
    "CONNECTION",
    "NORMALIZED",
    "RAW_SCHEMA",
    "READY",
    "SYNCED",
    "UNKNOWN",
    "AlreadyRunning",
    "Closing",
    "Layout",
    "Partition",
    "RawKind",
    "RawRecord",
    "Recovery",
    "SegmentId",
    "Status",
    "StreamingParquetWriter",
    "TableFile",
    "WorkerLock",
    "WriterLimits",
    "WriterStats",
    "boot_id",
    "fsync_directory",
    "make_directories",
    "move",
    "publish",
    "read_status",
    "read_statuses",
    "write_atomic",
    "write_status",
]
