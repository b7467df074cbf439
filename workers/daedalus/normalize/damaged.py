"""Damaged segments: set aside whole, and taken back once they are repaired.

The segments after a damaged one were normalized as if its rows were lost. So when it is taken back, they
go back too, as far as raw still has them. Normalized once more in their order, they give files of the same
names, and the ledger says what is true now.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..store.files import make_directories, move
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, SegmentId
from .checkpoint_files import read_checkpoint, write_checkpoint

__all__ = ["set_aside", "take_back"]


def set_aside(layout: Layout, segment: SegmentId) -> Path:
    """Move a damaged raw file to ``raw/damaged``; the next segment's ledger then tells of its rows."""
    write_checkpoint(layout, segment, msgspec.structs.replace(read_checkpoint(layout, segment), damaged=True))
    kept = layout.damaged / segment.damaged_name
    move(layout.raw(READY) / segment.sealed_path, kept)
    return kept


def take_back(layout: Layout) -> list[SegmentId]:
    """Move damaged segments, and those after them, back to ``raw/ready``; returns the damaged ones.

    The normalizer's `WorkerLock` must be held. Raises `OSError`; called again, it goes on.
    """
    damaged = layout.damaged_segments()
    for segment in _after(layout, damaged):
        for state in (NORMALIZED, SYNCED):
            if (layout.raw(state) / segment.sealed_path).exists():
                move(layout.raw(state) / segment.sealed_path, layout.raw(READY) / segment.sealed_path)
    for segment in damaged:
        target = layout.raw(READY) / segment.sealed_path
        make_directories(target.parent)
        move(layout.damaged / segment.damaged_name, target)
    return damaged


def _after(layout: Layout, damaged: Iterable[SegmentId]) -> set[SegmentId]:
    oldest = {segment.partition: segment.number for segment in sorted(damaged, reverse=True)}
    return {
        segment
        for partition, number in oldest.items()
        for state in (NORMALIZED, SYNCED)
        for segment in layout.raw_segments(state, partition)
        if segment.number > number
    }
