"""When a worker may be restarted: at once the first time, then with pauses that grow. Never in a loop."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["FORGET_SECONDS", "allowed_at", "within"]

PAUSES = (0.0, 300.0, 900.0, 2_700.0, 7_200.0, 21_600.0)
"""Before the first, second, … restart, counted from the one before."""

FORGET_SECONDS = 86_400.0
"""A restart that is so long ago counts no more."""


def within(moments: Sequence[float], at: float, seconds: float) -> tuple[float, ...]:
    """Those moments that lie at most so many seconds back."""
    return tuple(moment for moment in moments if at - moment <= seconds)


def allowed_at(restarts: Sequence[float], at: float) -> float:
    """The moment from which on a restart is allowed. ``restarts``: those made so far, in their order."""
    counted = within(restarts, at, FORGET_SECONDS)
    if not counted:
        return at
    return counted[-1] + PAUSES[min(len(counted), len(PAUSES) - 1)]
