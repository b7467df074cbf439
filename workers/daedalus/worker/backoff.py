"""How long to wait before what failed is tried again. Pure except for the random jitter."""

from __future__ import annotations

import random

__all__ = ["Backoff", "backoff_delay"]

_MOST_DOUBLINGS = 60
"""Beyond any bound; a number of failures may grow for days, and a float ends at 2**1024."""


def backoff_delay(failures: int, first: float, longest: float, jitter: random.Random) -> float:
    """Seconds to wait after ``failures`` in a row: doubling from ``first`` to ``longest``, 0 without one.

    At random, but never below half of that: a run of low draws must not become a hammer.
    """
    bound = min(longest, first * 2.0 ** min(failures - 1, _MOST_DOUBLINGS)) if failures else 0.0
    return jitter.uniform(bound / 2, bound)


class Backoff:
    """Exponential delays with jitter, which start over after a connection that held.

    The first attempt after a connection that lived for ``settled_seconds`` is made at once: most losses are
    brief, and every second costs data. Later delays are random up to a bound that doubles from ``base`` to
    ``cap`` seconds: many recorders do not return to an exchange in the same moment, and an exchange's limit
    (Binance: 300 attempts in 5 minutes) stays far away.
    """

    def __init__(
        self,
        *,
        base: float = 1.0,
        cap: float = 60.0,
        settled_seconds: float = 30.0,
        jitter: random.Random | None = None,
    ) -> None:
        self._base = base
        self._cap = cap
        self._settled_seconds = settled_seconds
        self._jitter = jitter if jitter is not None else random.Random()  # noqa: S311
        self._failures = 0

    def next_delay(self, lived_seconds: float = 0.0) -> float:
        """Seconds to wait, given how long the last connection lived (0: it was never open)."""
        if lived_seconds >= self._settled_seconds:
            self._failures = 0
        delay = backoff_delay(self._failures, self._base, self._cap, self._jitter)
        self._failures += 1
        return delay
