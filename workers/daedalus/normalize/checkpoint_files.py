"""Checkpoints on disk: what each segment left for the next, one small JSON file per segment.

A segment always starts from the newest checkpoint before it, so that doing it again gives the same bytes.
A checksum guards each file: a digit changed by the disk would still be valid JSON.
"""

from __future__ import annotations

import os
import zlib

import msgspec
from msgspec import Raw, Struct

from ..exchanges.reading import UNREADABLE
from ..store.files import write_atomic
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId
from ..store.regular_files import open_regular
from .checkpoint import Checkpoint

__all__ = ["prune_checkpoints", "read_checkpoint", "write_checkpoint"]


class _File(Struct, frozen=True):
    """The content of a file. ``crc32``: of the bytes of ``checkpoint``."""

    crc32: int
    checkpoint: Raw


_file = msgspec.json.Decoder(_File).decode
_decode = msgspec.json.Decoder(Checkpoint).decode


def write_checkpoint(layout: Layout, segment: SegmentId, checkpoint: Checkpoint) -> None:
    """Write the checkpoint that a segment leaves. Raises `OSError`."""
    content = msgspec.json.encode(checkpoint)
    write_atomic(layout.checkpoint(segment), msgspec.json.encode(_File(zlib.crc32(content), Raw(content))))


def read_checkpoint(layout: Layout, segment: SegmentId) -> Checkpoint:
    """What the segments before this one left; an empty checkpoint if there are none.

    Raises `ValueError` for a checkpoint that cannot be read: it names the file and what to do.
    """
    before = [number for number in _numbers(layout, segment.partition) if number < segment.number]
    if not before:
        return Checkpoint()
    path = layout.checkpoint(SegmentId(segment.partition, max(before)))
    try:
        with open_regular(path) as file:
            return _unpacked(file.read())
    except UNREADABLE as error:
        raise ValueError(
            f"{path}: cannot be read ({error}). Move its segment back from raw/normalized to raw/ready "
            "to have it written again, or remove the file to go on from the checkpoint before it"
        ) from error


def _unpacked(data: bytes) -> Checkpoint:
    file = _file(data)
    if zlib.crc32(file.checkpoint) != file.crc32:
        raise ValueError("it is damaged: its checksum differs")
    return _decode(file.checkpoint)


def prune_checkpoints(layout: Layout, partition: Partition) -> None:
    """Remove checkpoints that no segment on disk can need again; the newest always stays."""
    numbers = sorted(_numbers(layout, partition))
    on_disk = [
        segment.number
        for state in (READY, NORMALIZED, SYNCED)
        for segment in layout.raw_segments(state, partition)
    ]
    on_disk += [each.number for each in layout.damaged_segments() if each.partition == partition]
    oldest = min(on_disk, default=None)
    # The checkpoint from which the oldest segment starts must stay as well.
    needed = [number for number in numbers if oldest is None or number < oldest]
    for number in needed[:-1]:
        layout.checkpoint(SegmentId(partition, number)).unlink(missing_ok=True)


def _numbers(layout: Layout, partition: Partition) -> list[int]:
    # Not glob: it takes a directory that may not be read for an empty one.
    try:
        with os.scandir(layout.checkpoint(SegmentId(partition, 0)).parent) as found:
            names = [entry.name for entry in found]
    except FileNotFoundError:
        return []
    stems = [name.removesuffix(".json") for name in names if name.endswith(".json")]
    return [int(stem) for stem in stems if stem.isdecimal()]
