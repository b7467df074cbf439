"""`WriterLimits` and `WriterStats`: what a writer is told, and what it says of itself."""

from __future__ import annotations

from msgspec import Struct

from .layout import SegmentId

__all__ = ["Closing", "WriterLimits", "WriterStats"]


class WriterLimits(Struct, frozen=True, kw_only=True):
    """When a writer writes, rotates, holds back and tidies up.

    A batch is written when ``batch_size`` rows or ``batch_bytes`` of payload wait, and every
    ``flush_interval_seconds``, which is also what a power cut may cost. Below ``min_free_bytes`` of
    free disk, or with ``max_unsealed`` closed segments not yet sealed, rows stay in memory.
    """

    batch_size: int = 1000
    batch_bytes: int = 1024 * 1024
    flush_interval_seconds: float = 5.0
    segment_max_bytes: int = 100_000_000
    min_free_bytes: int = 500_000_000
    max_unsealed: int = 64
    cleanup_interval_seconds: float = 300.0


class WriterStats(Struct, frozen=True, kw_only=True):
    """A writer's figures at one moment, since it was made where they count something.

    ``flushes``: batches written.
    ``last_flush_ns``: UTC ns at which everything so far was last durable, 0 before the first time.
    ``rows_this_hour``: by channel, by the rows' own hour. ``unsealed``: segments that wait to be
    sealed; ``sealing_trouble``: why they must wait, "" if they need not.
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
    """How closing went. ``unsealed`` segments lie in ``raw/active/`` and are sealed at the next start.

    ``lost``: rows that could not be written at all; ``reason``: why, "" if nothing went wrong.
    """

    unsealed: tuple[SegmentId, ...] = ()
    lost: int = 0
    reason: str = ""
