"""Damaged segments: set aside whole, and taken in again once they are mended, or never were damaged.

What was normalized after a damaged segment counts its rows as lost. So when it is taken in again, the later
segments of its partition go back too, as far as raw still has them. Normalized once more in their order, each
gives the same files, and the ledger says of the rows what is true now.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from ..store.files import make_directories, move
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, SegmentId
from .checkpoint_files import read_checkpoint, write_checkpoint

__all__ = ["set_aside", "take_in_again"]


def set_aside(layout: Layout, segment: SegmentId) -> Path:
    """Move a raw file that is damaged to ``raw/damaged``, and let the ledger know what is missing."""
    write_checkpoint(layout, segment, msgspec.structs.replace(read_checkpoint(layout, segment), damaged=True))
    kept = layout.damaged / segment.damaged_name
    move(layout.raw(READY) / segment.sealed_path, kept)
    return kept


def take_in_again(layout: Layout) -> list[SegmentId]:
    """Move what normalize has set aside back to ``raw/ready``, and what came after it; the former.

    No normalize may run: hold its `WorkerLock`. Raises `OSError`; called again it goes on.
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
