"""`PartitionWriter`: the rows of one channel on their way into segments, in order.

A row leaves memory when its batch was written whole. A segment holds rows of one UTC hour. Only the storage
thread uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from .layout import Partition, SegmentId
from .raw import RawRecord
from .segment import Segment
from .writer_values import WriterLimits

__all__ = ["HOUR_NS", "PartitionWriter"]

HOUR_NS = 3_600_000_000_000

_MOST_UNSYNCED_BYTES = 2 * 1024 * 1024
"""Some 80,000 messages: only floods reach it between two flushes."""


class PartitionWriter:
    """Rows that wait, and the segment they go to.

    ``open_segment`` makes an active file for a row received at that UTC ns; ``closed`` is called with each
    segment that is complete and durable. Errors of the disk (`OSError`, and what ``open_segment`` raises)
    leave the rows waiting: make the same call again later.
    """

    def __init__(
        self,
        partition: Partition,
        limits: WriterLimits,
        open_segment: Callable[[Partition, int], Segment],
        closed: Callable[[SegmentId], None],
    ) -> None:
        self.partition = partition
        self.rows: list[RawRecord] = []
        self.segment: Segment | None = None
        self._limits = limits
        self._open_segment = open_segment
        self._closed = closed
        self._waiting_bytes = 0
        self._hour = 0

    @property
    def idle(self) -> bool:
        return not self.rows and self.segment is None

    @property
    def due(self) -> bool:
        """Whether a whole batch waits."""
        return len(self.rows) >= self._limits.batch_size or self._waiting_bytes >= self._limits.batch_bytes

    def add(self, record: RawRecord) -> None:
        self.rows.append(record)
        self._waiting_bytes += len(record.payload)

    def write_batch(self) -> tuple[int, int, int]:
        """Write the next batch; its rows, its bytes on disk and its hour (UTC hours since 1970)."""
        hour = self.rows[0].recv_ns // HOUR_NS
        batch, payload_bytes = self._next_batch(hour)
        if self.segment is not None and hour != self._hour:
            self.rotate()
        if self.segment is None:
            self.segment = self._open_segment(self.partition, batch[0].recv_ns)
            self._hour = hour
        written = self.segment.append(batch)
        del self.rows[: len(batch)]
        self._waiting_bytes -= payload_bytes
        return len(batch), written, hour

    def rotate_if_due(self, now_ns: int) -> None:
        """End the segment if it is full, or if its hour is over by the clock and no row waits."""
        if self.segment is None:
            return
        over = now_ns // HOUR_NS > self._hour and not self.rows
        if over or self.segment.size >= self._limits.segment_max_bytes:
            self.rotate()

    def sync_if_due(self) -> None:
        """Make durable what was written if it is much: until then it is also held in memory."""
        if self.segment is not None and self.segment.unsynced_bytes >= _MOST_UNSYNCED_BYTES:
            self.sync()

    def sync(self) -> None:
        """Make durable what was written; a file that somebody deleted takes no more rows."""
        if self.segment is not None:
            self.segment.sync()
            if self.segment.gone:
                self.rotate()

    def rotate(self) -> None:
        """End the segment, if there is one."""
        if self.segment is None:
            return
        self.segment.close()
        if self.segment.size:
            self._closed(self.segment.id)
        self.segment = None

    def _next_batch(self, hour: int) -> tuple[list[RawRecord], int]:
        """The first rows of this hour, as many as a batch may hold, and the bytes of their payloads."""
        start, end = hour * HOUR_NS, (hour + 1) * HOUR_NS
        most_bytes = self._limits.batch_bytes
        batch: list[RawRecord] = []
        payload_bytes = 0
        for record in islice(self.rows, self._limits.batch_size):
            if payload_bytes >= most_bytes or not start <= record.recv_ns < end:
                break
            batch.append(record)
            payload_bytes += len(record.payload)
        return batch, payload_bytes
