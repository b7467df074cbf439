"""The bytes of an active file: an Arrow IPC stream in which a batch counts once its marker follows.

    schema message | batch message, commit marker | batch message, commit marker | …

A commit marker is a batch without rows, so that any Arrow reader can read the file. Its custom metadata holds
the CRC-32 of the batch message before it and the marker's own size. It is written in one piece with its
batch, and tells a whole batch from one that is torn, zero-filled after a power cut, or has a flipped bit.
Every message starts at a multiple of 8 bytes; so the next whole batch after damage is found.
"""

from __future__ import annotations

import errno
import os
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
from msgspec import Struct
from msgspec.structs import astuple

from .raw import RAW_SCHEMA, RawRecord

__all__ = ["HEAD", "Committed", "Damaged", "encode", "read_bytes", "scan"]

HEAD: bytes = RAW_SCHEMA.serialize().to_pybytes()
"""The beginning of an active file: the schema message."""

# Threads gain nothing on a few kB, and would not have the low priority of the sealing thread.
_WRITE = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=1), use_threads=False)
_READ = pa.ipc.IpcReadOptions(use_threads=False)

# The key carries the version of this format: change it together with RAW_SCHEMA.
_MARKER_KEY = b"daedalus.commit.1"
_NOTE = re.compile(rb"crc32=([0-9a-f]{8}) size=([0-9a-f]{8})")

_PREFIX = struct.Struct("<Ii")  # of every message: the continuation mark, the size of its metadata
_CONTINUATION = 0xFFFFFFFF
_MAX_METADATA = 0xFFFF  # ours are below 1 kB
_CANDIDATE = re.compile(rb"(?=\xff{4}..\0\0)", re.DOTALL)
_SCAN_CHUNK = 64 * 1024


class Committed(Struct, frozen=True):
    """A whole batch. ``end``: the offset of the byte after its marker."""

    batch: pa.RecordBatch
    end: int


class Damaged(Struct, frozen=True):
    """The bytes ``start``..``end`` (exclusive), which are no whole batch."""

    start: int
    end: int


def encode(rows: Sequence[RawRecord]) -> bytes:
    """The batch message of rows of one channel (at least one), and its commit marker."""
    recv_ns, conn, seq, kind, channel, symbol, payload = zip(*map(astuple, rows), strict=True)
    columns: list[pa.Array[Any]] = [
        pa.array(recv_ns, pa.int64()),
        _texts(conn),
        pa.array(seq, pa.int64()),
        _texts(kind),
        _texts(channel),
        _texts(symbol),
        pa.array(payload, pa.binary()),
    ]
    message = _message(pa.RecordBatch.from_arrays(columns, schema=RAW_SCHEMA), _WRITE)
    return message + _MARKER_TEMPLATE % zlib.crc32(message)


def _texts(values: Sequence[str]) -> pa.Array[Any]:
    """A column of texts, mostly all the same."""
    if values.count(values[0]) == len(values):
        return pa.repeat(pa.scalar(values[0], pa.string()), len(values))
    return pa.array(values, pa.string())


def scan(descriptor: int) -> Iterator[Committed | Damaged]:
    """Read an active file from its beginning, one batch in memory at a time, in the order of its bytes.

    The results cover the whole file but its head. Bytes that the medium cannot read count as damage.
    """
    end = os.fstat(descriptor).st_size
    # Batches behind a damaged head are found as well: a batch is proved by its marker.
    offset = bad = len(HEAD) if read_bytes(descriptor, 0, len(HEAD)) == HEAD else 0
    while offset < end:
        found = _committed(descriptor, offset, end)
        if found is None:
            offset = _next_candidate(descriptor, offset + 8, end)
            continue
        if bad < offset:
            yield Damaged(bad, offset)
        yield found
        offset = bad = found.end
    if bad < end:
        yield Damaged(bad, end)


def read_bytes(descriptor: int, offset: int, size: int) -> bytes:
    """Read up to ``size`` bytes; none if the medium cannot read them. Raises other `OSError`."""
    try:
        return os.pread(descriptor, size, offset)
    except OSError as error:
        if error.errno != errno.EIO:
            raise
        return b""


def _message(batch: pa.RecordBatch, options: pa.ipc.IpcWriteOptions, note: bytes | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    writer = pa.ipc.new_stream(sink, RAW_SCHEMA, options=options)
    writer.write_batch(batch, custom_metadata=None if note is None else {_MARKER_KEY: note})
    return sink.getvalue().to_pybytes()[len(HEAD) :]


def _marker_template() -> bytes:
    """The marker as a format string for the checksum: building a marker costs as much as a small batch."""
    empty = pa.RecordBatch.from_pylist([], schema=RAW_SCHEMA)
    marker = _message(empty, pa.ipc.IpcWriteOptions(), b"crc32=00000000 size=00000000")
    note = b"crc32=%%08x size=%08x" % len(marker)
    return marker.replace(b"%", b"%%").replace(b"crc32=00000000 size=00000000", note)


_MARKER_TEMPLATE = _marker_template()


def _committed(descriptor: int, offset: int, end: int) -> Committed | None:
    message = _message_at(descriptor, offset, end)
    marker = None if message is None else _message_at(descriptor, offset + len(message), end)
    if message is None or marker is None or _MARKER_KEY not in marker:
        return None
    note = _NOTE.search(marker)
    # The size as well: a flipped bit that makes a marker longer would swallow the next batch.
    if note is None or int(note[1], 16) != zlib.crc32(message) or int(note[2], 16) != len(marker):
        return None
    try:
        reader = pa.ipc.open_stream(pa.py_buffer(HEAD + message), options=_READ)
        return Committed(reader.read_next_batch(), offset + len(message) + len(marker))
    except (pa.ArrowException, OSError, StopIteration):
        return None


def _message_at(descriptor: int, offset: int, end: int) -> bytes | None:
    """The whole message at ``offset``; None if there is none. Never reads beyond ``end``."""
    prefix = read_bytes(descriptor, offset, _PREFIX.size)
    if len(prefix) < _PREFIX.size:
        return None
    continuation, metadata_size = _PREFIX.unpack(prefix)
    if continuation != _CONTINUATION or not 0 < metadata_size <= _MAX_METADATA:
        return None
    body_size = _body_size(read_bytes(descriptor, offset + _PREFIX.size, metadata_size))
    size = _PREFIX.size + metadata_size + body_size
    if body_size < 0 or size % 8 or offset + size > end:
        return None
    message = read_bytes(descriptor, offset, size)
    return message if len(message) == size else None


def _body_size(metadata: bytes) -> int:
    """Read ``bodyLength``, the fourth field of the flatbuffer Message; -1 where that fails.

    pyarrow reads it too, but allocates whatever a damaged length says.
    """
    try:
        (root,) = struct.unpack_from("<I", metadata, 0)
        (back,) = struct.unpack_from("<i", metadata, root)
        vtable = root - back
        (vtable_size,) = struct.unpack_from("<H", metadata, vtable)
        (field,) = struct.unpack_from("<H", metadata, vtable + 10) if vtable_size >= 12 else (0,)
        (size,) = struct.unpack_from("<q", metadata, root + field) if field else (0,)
    except struct.error:
        return -1
    return int(size)


def _next_candidate(descriptor: int, offset: int, end: int) -> int:
    """The next aligned offset at which a message may begin; ``end`` where there is none."""
    while offset < end:
        # Chunks overlap by a prefix, which may lie across two of them.
        chunk = read_bytes(descriptor, offset, _SCAN_CHUNK + _PREFIX.size)
        for match in _CANDIDATE.finditer(chunk):
            if match.start() % 8 == 0:
                return offset + match.start()
        offset += _SCAN_CHUNK
    return end
