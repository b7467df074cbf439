"""From when on something is wrong: one set of thresholds for status, doctor and watchdog."""

from __future__ import annotations

__all__ = ["HOT", "NO_DATA_SECONDS", "OFFSET_SECONDS", "SILENT_AFTER_NS", "WARM", "low_space"]

WARM = 75.0
"""Degrees Celsius that are worth a word; nobody is woken for them."""
HOT = 80.0
"""Degrees Celsius at which a Pi begins to slow down."""
OFFSET_SECONDS = 0.5
"""How far the clock may be from the time servers'."""
NO_DATA_SECONDS = 300.0
"""How long a recorder may receive nothing: its own reconnects should have brought data back by then."""
SILENT_AFTER_NS = 30_000_000_000
"""A worker writes its status every few seconds; one whose status is older than this hangs."""


def low_space(min_free: int) -> int:
    """The free bytes below which room is short. ``min_free``: those at which recording waits.

    Sync deletes until twice as much is free: below this line it finds nothing more that it may delete.
    """
    return min_free * 3 // 2
