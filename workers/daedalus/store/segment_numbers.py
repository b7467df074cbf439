"""Segment numbers: the time of a segment's first row, raised where needed so that they always grow."""

from __future__ import annotations

from collections.abc import Iterator

from .layout import NORMALIZED, READY, SYNCED, Layout, Partition, SegmentId, TableFile

__all__ = ["SegmentNumbers"]


class SegmentNumbers:
    """Gives out segment numbers. Those of a partition always grow, also over restarts.

    Retention deletes raw files, and a clock that ran ahead is set back. So table files and checkpoints count
    as well: normalize goes on from the newest segment it knows, and takes a lower number for an older one.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._highest: dict[Partition, int] = {}
        self._normalized: dict[str, dict[Partition, int]] = {}

    def next(self, partition: Partition, recv_ns: int) -> SegmentId:
        """The id of a segment whose first row was received at ``recv_ns`` (UTC ns).

        The hour of the number, and so of the file's path, is that of the rows, with one exception: after the
        clock was set back over a full hour, numbers go on from the highest one. Readers rely on the order;
        the rows' recv_ns stays as it was.
        """
        highest = self._highest.get(partition)
        if highest is None:
            highest = max(self._on_disk(partition), default=-1)
        number = max(recv_ns, highest + 1)
        self._highest[partition] = number
        return SegmentId(partition, number)

    def _on_disk(self, partition: Partition) -> Iterator[int]:
        # In the order in which files move, so that one that moves meanwhile is not missed.
        for segment in self._layout.active_segments(partition.exchange):
            if segment.partition == partition:
                yield segment.number
        for state in (READY, NORMALIZED, SYNCED):
            for segment in self._layout.raw_segments(state, partition):
                yield segment.number
        for path in self._layout.damaged.glob(f"{partition.exchange}.{partition.channel}.*"):
            kept = SegmentId.from_active(path.name.removesuffix(".tail").rpartition(".")[0])
            kept = kept or SegmentId.from_damaged(path.name)
            if kept is not None:
                yield kept.number
        for path in self._layout.checkpoint(SegmentId(partition, 0)).parent.glob("*.json"):
            if path.stem.isdecimal():
                yield int(path.stem)
        if partition.exchange not in self._normalized:  # once for all channels: listing many files takes time
            self._normalized[partition.exchange] = self._in_tables(partition.exchange)
        yield self._normalized[partition.exchange].get(partition, -1)

    def _in_tables(self, exchange: str) -> dict[Partition, int]:
        highest: dict[Partition, int] = {}
        for root in (self._layout.tables(READY), self._layout.tables(SYNCED)):
            for path in root.glob(f"*/exchange={exchange}/date=*/*.parquet"):
                file = TableFile.from_path(path.relative_to(root))
                if file is not None:
                    number = highest.get(file.segment.partition, -1)
                    highest[file.segment.partition] = max(number, file.segment.number)
        return highest
