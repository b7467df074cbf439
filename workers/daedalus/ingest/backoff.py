"""How long to wait before the next attempt to connect."""

from __future__ import annotations

import random

__all__ = ["Backoff"]


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
        bound = 0.0 if self._failures == 0 else min(self._cap, self._base * 2 ** (self._failures - 1))
        self._failures += 1
        # Never below half the bound: a run of low draws must not become a hammer.
        return self._jitter.uniform(bound / 2, bound)
