"""How much may be asked of an exchange over REST per minute. Pure: the clock is an argument."""

from __future__ import annotations

from ...exchanges.model import RestLimit

__all__ = ["RestBudget"]

BUDGET_SHARE = 0.5
"""The part of the exchange's limit that we use: other programs may share the address."""


class RestBudget:
    """Delays requests so that the weight used in any minute stays within our share.

    Times are seconds of one monotonic clock.
    """

    def __init__(self, limit: RestLimit) -> None:
        self._allowed = limit.weight_per_minute * BUDGET_SHARE
        self._spent: list[tuple[float, int]] = []
        self._interval = limit.interval_seconds
        self._not_before = 0.0

    def delay(self, weight: int, now: float) -> float:
        """Seconds to wait before a request of ``weight`` may be sent."""
        self._spent = [(at, spent) for at, spent in self._spent if now - at < 60.0]
        wait = max(0.0, self._not_before - now)
        used = sum(spent for _, spent in self._spent)
        for at, spent in self._spent:
            if used + weight <= self._allowed:
                break
            used -= spent
            wait = max(wait, at + 60.0 - now)
        return wait

    def spend(self, weight: int, now: float) -> None:
        """A request of ``weight`` is being sent."""
        self._spent.append((now, weight))
        self.stay_away(self._interval, now)

    def exchange_says(self, used: int, now: float) -> None:
        """The exchange has counted ``used`` in this minute: above our share, wait for its next minute."""
        if used > self._allowed:
            self.stay_away(60.0, now)

    def stay_away(self, seconds: float, now: float) -> None:
        """Send nothing for so many seconds."""
        self._not_before = max(self._not_before, now + seconds)
