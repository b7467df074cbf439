"""`Segment`: one active file being written. It holds whole batches only, whatever the disk does.

A batch that could not be written whole is cut off again, and the caller keeps its rows. What was written but
is not yet durable stays in memory (compressed) until an fsync has succeeded.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from ..errors import DaedalusError
from .files import PRIVATE_MODE, fsync_directory, make_directories
from .ipc_log import HEAD, Committed, encode, scan
from .layout import SegmentId
from .raw import RawRecord
from .regular_files import open_descriptor

__all__ = ["Segment", "SegmentError", "read_segment"]


class SegmentError(DaedalusError, OSError):
    """The disk refused a write or an fsync. The file is as it was before; try again later."""

    @classmethod
    def of(cls, error: OSError, path: Path) -> SegmentError:
        return cls(error.errno, error.strerror, str(path))


class Segment:
    """An active file. ``size``: its committed bytes. Creating it raises `OSError`."""

    def __init__(self, directory: Path, segment: SegmentId) -> None:
        self.id = segment
        self.path = directory / segment.active_name
        self.size = 0
        self._torn = False  # bytes of a failed write may lie beyond `size`
        self._unsynced: list[bytes] = []
        self._durable_size = 0
        self._durable_name = False
        self._fsync_failed = False
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._descriptor = os.open(self.path, flags, PRIVATE_MODE)

    def append(self, rows: Sequence[RawRecord]) -> int:
        """Write rows of one channel as one batch; the number of bytes. Raises `SegmentError`."""
        data = encode(rows) if self.size else HEAD + encode(rows)
        try:
            if self._torn:
                self._cut()
            self._torn = True
            _write(self._descriptor, data, self.size)
            self._torn = False
        except OSError as error:
            with contextlib.suppress(OSError):  # if it fails, the next write does it
                self._cut()
            raise SegmentError.of(error, self.path) from error
        self.size += len(data)
        self._unsynced.append(data)
        return len(data)

    def sync(self) -> None:
        """Make durable what was written. Raises `SegmentError`."""
        if not self._unsynced:
            return
        try:
            if self._fsync_failed:
                # Linux reports a failed write-back once and then takes the pages for clean: the next fsync
                # succeeds without writing them. Writing the same bytes again makes them dirty.
                _write(self._descriptor, b"".join(self._unsynced), self._durable_size)
            os.fdatasync(self._descriptor)
            if not self._durable_name:
                make_directories(self.path.parent)  # somebody may have removed it
                fsync_directory(self.path.parent)
        except OSError as error:
            self._fsync_failed = True
            raise SegmentError.of(error, self.path) from error
        self._fsync_failed = False
        self._durable_name = True
        self._durable_size = self.size
        self._unsynced.clear()

    @property
    def unsynced_bytes(self) -> int:
        """Bytes written and not yet durable; they are also held in memory."""
        return self.size - self._durable_size

    @property
    def gone(self) -> bool:
        """Whether somebody deleted the file: its content is lost when it is closed."""
        return os.fstat(self._descriptor).st_nlink == 0

    def close(self) -> None:
        """Make durable and close; an empty file is removed. Raises `SegmentError`."""
        self.sync()
        if self._torn:  # if it fails, sealing finds the bytes and sets them aside
            with contextlib.suppress(OSError):
                self._cut()
        if not self.size:
            with contextlib.suppress(OSError):
                self.path.unlink()
        # Durable bytes are safe whatever close returns, and closing twice is not.
        descriptor, self._descriptor = self._descriptor, -1
        with contextlib.suppress(OSError):
            os.close(descriptor)

    def _cut(self) -> None:
        os.ftruncate(self._descriptor, self.size)
        self._torn = False


def read_segment(path: Path) -> Iterator[tuple[pa.RecordBatch, int]]:
    """The committed batches of an active file, each with the offset of the byte after it."""
    descriptor = open_descriptor(path)
    try:
        for found in scan(descriptor):
            if isinstance(found, Committed):
                yield found.batch, found.end
    finally:
        os.close(descriptor)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    rest = memoryview(data)
    while rest:
        written = os.pwrite(descriptor, rest, offset)
        if written == 0:
            raise OSError(errno.EIO, "the disk took no bytes")
        offset += written
        rest = rest[written:]
