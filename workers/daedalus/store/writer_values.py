"""A writer's limits, its counters, and how its closing went."""

from __future__ import annotations

from msgspec import Struct

from .layout import SegmentId

__all__ = ["Closing", "WriterLimits", "WriterStats"]


class WriterLimits(Struct, frozen=True, kw_only=True):
    """When a writer writes, rotates, waits and tidies up.

    A batch is written when ``batch_size`` rows or ``batch_bytes`` of payload wait, and every
    ``flush_interval_seconds``, the most that a power cut may cost. Below ``min_free_bytes`` of free disk, or
    with ``max_unsealed`` closed segments not yet sealed, rows stay in memory.
    """

    batch_size: int = 1000
    batch_bytes: int = 1024 * 1024
    flush_interval_seconds: float = 5.0
    segment_max_bytes: int = 100_000_000
    min_free_bytes: int = 500_000_000
    max_unsealed: int = 64
    cleanup_interval_seconds: float = 300.0


class WriterStats(Struct, frozen=True, kw_only=True):
    """Snapshot of a writer's counters; counts are since its start.

    ``flushes``: batches written. ``last_flush_ns``: UTC ns of the last moment at which all rows were durable,
    0 before the first. ``rows_this_hour``: by channel, of the current UTC hour. ``unsealed``: segments that
    wait to be sealed; ``sealing_trouble``: why, "" if all is well.
    """

    rows_written: int
    bytes_written: int
    segments_sealed: int
    open_buffers: int
    active_segments: int
    flushes: int
    last_flush_ns: int
    rows_this_hour: dict[str, int]
    unsealed: int
    sealing_trouble: str
    memory_cleanups: int
    gc_collections: int
    stale_counters_cleaned: int
    stale_buffers_cleaned: int


class Closing(Struct, frozen=True):
    """How closing went. ``unsealed`` segments lie in ``raw/active/``; the next start seals them.

    ``lost``: how many rows could not be written; ``reason``: why, "" if nothing went wrong.
    """

    unsealed: tuple[SegmentId, ...] = ()
    lost: int = 0
    reason: str = ""
