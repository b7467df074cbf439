"""The REST request weight that a client may use per minute, as Binance counts it."""

from __future__ import annotations

__all__ = ["WeightBudget"]

_MINUTE_NS = 60 * 10**9


class WeightBudget:
    """Counts the weight used in each minute of the clock."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self.used = 0
        self._minute = 0

    def spend(self, weight: int, now_ns: int) -> int | None:
        """Use weight at a time (UTC ns). Returns None, or the seconds to wait if the budget is exceeded."""
        minute = now_ns // _MINUTE_NS
        if minute != self._minute:
            self._minute, self.used = minute, 0
        self.used += weight
        if self.used <= self.per_minute:
            return None
        return -(-((minute + 1) * _MINUTE_NS - now_ns) // 10**9)
