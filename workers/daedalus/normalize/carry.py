"""The carry on disk: what each segment left for the next, one small JSON file per segment.

A segment always starts from the newest carry before it, so that doing it again gives the same bytes.
"""

from __future__ import annotations

import msgspec

from ..store.layout import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId
from .transform import Carry

__all__ = ["prune_carries", "read_carry"]

_decode = msgspec.json.Decoder(Carry).decode


def read_carry(layout: Layout, segment: SegmentId) -> Carry:
    """What the segments before this one left; an empty carry where there are none.

    Raises `ValueError` for a carry that cannot be read: it names the file and what to do.
    """
    before = [number for number in _numbers(layout, segment.partition) if number < segment.number]
    if not before:
        return Carry()
    path = layout.carry(SegmentId(segment.partition, max(before)))
    try:
        return _decode(path.read_bytes())
    except ValueError as error:
        raise ValueError(
            f"{path}: cannot be read ({error}). Move its segment back from raw/normalized to raw/ready "
            "to have it written again, or remove the file to go on from the carry before it"
        ) from error


def prune_carries(layout: Layout, partition: Partition) -> None:
    """Remove carries that no segment on disk can need again; the newest always stays."""
    numbers = sorted(_numbers(layout, partition))
    on_disk = [
        segment.number
        for state in (READY, NORMALIZED, SYNCED)
        for segment in layout.raw_segments(state, partition)
    ]
    oldest = min(on_disk, default=None)
    # The one that the oldest segment starts from must stay as well.
    needed = [number for number in numbers if oldest is None or number < oldest]
    for number in needed[:-1]:
        layout.carry(SegmentId(partition, number)).unlink(missing_ok=True)


def _numbers(layout: Layout, partition: Partition) -> list[int]:
    folder = layout.carry(SegmentId(partition, 0)).parent
    return [int(path.stem) for path in folder.glob("*.json") if path.stem.isdecimal()]
