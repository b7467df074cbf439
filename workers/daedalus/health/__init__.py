"""From when on something is wrong: the lines that doctor and watchdog draw in the same place."""

from __future__ import annotations

__all__ = ["HOT", "OFFSET_SECONDS", "WARM", "low_space"]

WARM = 75.0
"""Degrees Celsius that doctor speaks of; nobody is woken for them."""
HOT = 80.0
"""Degrees at which a Pi begins to slow down."""
OFFSET_SECONDS = 0.5
"""So far the clock may be away from the time servers'."""


def low_space(min_free: int) -> int:
    """The free bytes below which room is short. ``min_free``: those at which recording waits.

    Up to twice that sync makes room: below this line it finds nothing more that it may delete.
    """
    return min_free * 3 // 2
