"""`StreamingParquetWriter`: takes one exchange's raw rows and leaves sealed Parquet files.

The event loop calls `append` and reads `waiting`, `blocked` and `stats`; one storage thread calls everything
else. They share one deque, whose append and popleft are atomic, and numbers that only the storage thread
changes. Every row is in memory, in an active file or in a sealed one; while the disk fails, rows stay in
memory.
"""

from __future__ import annotations

import gc
import logging
import time
from collections import Counter, deque
from collections.abc import Callable

from .disk import WriteBlockedError, explain, require_free
from .files import make_directories
from .layout import Layout, Partition, SegmentId
from .left_behind import find_left_behind
from .partition_writer import HOUR_NS, PartitionWriter
from .raw import RawRecord
from .sealer import Sealer
from .segment import Segment
from .segment_numbers import SegmentNumbers
from .writer_values import Closing, WriterLimits, WriterStats

__all__ = ["StreamingParquetWriter"]

log = logging.getLogger(__name__)

_RETRY_SECONDS = 1.0
_LOG_SECONDS = 60.0
_COUNTER_HOURS = 2


class StreamingParquetWriter:
    """The writer of one exchange. Hold the worker's `WorkerLock` while it lives.

    The storage thread calls `recover` once, `work` some 4-10 times a second, `close` at the end.
    """

    def __init__(
        self,
        layout: Layout,
        exchange: str,
        limits: WriterLimits,
        *,
        clock: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._layout = layout
        self._exchange = exchange
        self._limits = limits
        self._clock = clock
        self._monotonic = monotonic
        self._inbox: deque[RawRecord] = deque()
        self._held = 0  # rows in the partitions' buffers
        self._partitions: dict[str, PartitionWriter] = {}
        self._numbers = SegmentNumbers(layout)
        self._sealer = Sealer(layout)
        self._blocked: str | None = None
        self._flushed_at = self._cleaned_at = monotonic()
        self._retry_at = self._log_at = float("-inf")
        self._rows_by_hour: Counter[tuple[str, int]] = Counter()
        self._count: Counter[str] = Counter()
        self._last_flush_ns = 0

    def append(self, record: RawRecord) -> None:
        """Take a row. From the event loop's thread; does no I/O and never waits."""
        self._inbox.append(record)

    @property
    def waiting(self) -> int:
        """Rows appended that are not yet in an active file."""
        return self._held + len(self._inbox)

    @property
    def blocked(self) -> str | None:
        """Why nothing can be written now, for people; None if all is well."""
        return self._blocked

    def stats(self) -> WriterStats:
        """The counters now. From any thread."""
        hour = self._clock() // HOUR_NS
        count = self._count
        return WriterStats(
            rows_written=count["rows"],
            bytes_written=count["bytes"],
            segments_sealed=self._sealer.sealed,
            open_buffers=len(self._partitions),
            active_segments=sum(p.segment is not None for p in list(self._partitions.values())),
            flushes=count["flushes"],
            last_flush_ns=self._last_flush_ns,
            rows_this_hour={name: n for (name, h), n in list(self._rows_by_hour.items()) if h == hour},
            unsealed=self._sealer.backlog,
            sealing_trouble=self._sealer.trouble or "",
            memory_cleanups=count["memory_cleanups"],
            gc_collections=count["gc_collections"],
            stale_counters_cleaned=count["stale_counters"],
            stale_buffers_cleaned=count["stale_buffers"],
        )

    def recover(self) -> tuple[SegmentId, ...]:
        """Begin to seal what an earlier process left; which segments these are. Raises `OSError`."""
        left = find_left_behind(self._layout, self._exchange)
        for segment in left:
            self._sealer.put(segment)
        return left

    def work(self) -> None:
        """Write, fsync, rotate and tidy up what is due. An error of the disk shows in `blocked`."""
        now_ns = self._clock()  # before the rows are taken: later ones belong to the next turn
        self._drain()
        now = self._monotonic()
        if now >= self._retry_at:
            try:
                require_free(self._layout.data_dir, self._limits.min_free_bytes)
                self._write(
                    now, now_ns, everything=now - self._flushed_at >= self._limits.flush_interval_seconds
                )
            except (OSError, WriteBlockedError) as error:
                self._retry_at = now + _RETRY_SECONDS
                self._note_trouble(error, now)
            else:
                self._note_recovery()
        if now - self._cleaned_at >= self._limits.cleanup_interval_seconds:
            self._cleaned_at = now
            self._clean()

    def close(self, timeout_seconds: float) -> Closing:
        """Write and seal everything within the timeout. Nothing may be appended any more."""
        deadline = time.monotonic() + timeout_seconds
        reason = ""
        while True:
            now_ns = self._clock()
            self._drain()
            try:
                # Regardless of `min_free_bytes`, which is kept free for moments like this one.
                self._write(self._monotonic(), now_ns, everything=True)
                for partition in self._partitions.values():
                    partition.rotate()
                reason = ""
                break
            except (OSError, WriteBlockedError) as error:
                reason = self._explain(error)
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(_RETRY_SECONDS, left))
        unsealed = self._sealer.finish(max(0.0, deadline - time.monotonic()))
        still_open = tuple(p.segment.id for p in self._partitions.values() if p.segment and p.segment.size)
        return Closing(unsealed + still_open, self.waiting, reason or self._sealer.trouble or "")

    def _drain(self) -> None:
        """Give the rows in the inbox to their partitions."""
        inbox, partitions = self._inbox, self._partitions
        count = len(inbox)
        self._held += count  # before they leave the inbox: `waiting` may be too high, never too low
        for _ in range(count):
            record = inbox.popleft()
            partition = partitions.get(record.channel)
            if partition is None:
                partition = partitions[record.channel] = self._partition(record.channel)
            partition.add(record)

    def _partition(self, channel: str) -> PartitionWriter:
        return PartitionWriter(
            Partition(self._exchange, channel), self._limits, self._open_segment, self._sealer.put
        )

    def _open_segment(self, partition: Partition, recv_ns: int) -> Segment:
        if self._sealer.backlog >= self._limits.max_unsealed:
            why = self._sealer.trouble or "the disk or the processor is too slow"
            raise WriteBlockedError(f"{self._sealer.backlog} segments wait to be sealed: {why}")
        make_directories(self._layout.active)  # somebody may have removed it
        return Segment(self._layout.active, self._numbers.next(partition, recv_ns))

    def _write(self, now: float, now_ns: int, *, everything: bool) -> None:
        """Write the batches that are due; with ``everything`` all rows, and make them durable."""
        for partition in self._partitions.values():
            while partition.due or (everything and partition.rows):
                rows, size, hour = partition.write_batch()
                self._held -= rows
                self._rows_by_hour[partition.partition.channel, hour] += rows
                self._count.update(rows=rows, bytes=size, flushes=1)
                partition.rotate_if_due(now_ns)
                partition.sync_if_due()
            if everything:
                partition.rotate_if_due(now_ns)
                partition.sync()
        if everything:
            self._flushed_at = now
            self._last_flush_ns = now_ns

    def _note_trouble(self, error: OSError | WriteBlockedError, now: float) -> None:
        self._blocked = self._explain(error)
        if now >= self._log_at:
            self._log_at = now + _LOG_SECONDS
            log.error(
                "%s: recording is held up, %d rows wait: %s", self._exchange, self.waiting, self._blocked
            )

    def _note_recovery(self) -> None:
        if self._blocked is not None:
            self._blocked = None
            log.warning("%s: recording goes on", self._exchange)

    def _explain(self, error: OSError | WriteBlockedError) -> str:
        return explain(error, self._layout.data_dir) if isinstance(error, OSError) else str(error)

    def _clean(self) -> None:
        """Forget what is no longer used, so that memory does not grow over weeks."""
        hour = self._clock() // HOUR_NS
        # Hours ahead go as well: the clock was set back since.
        old = [key for key in self._rows_by_hour if abs(hour - key[1]) > _COUNTER_HOURS]
        for key in old:
            del self._rows_by_hour[key]
        idle = [channel for channel, partition in self._partitions.items() if partition.idle]
        for channel in idle:
            del self._partitions[channel]
        collected = gc.collect()
        self._count.update(
            memory_cleanups=1, gc_collections=1, stale_counters=len(old), stale_buffers=len(idle)
        )
        log.info(
            "[StreamingParquetWriter] Memory cleanup: counters=%d, buffers=%d, segments=%d, gc_collected=%d",
            len(self._rows_by_hour),
            len(self._partitions),
            sum(partition.segment is not None for partition in self._partitions.values()),
            collected,
        )
