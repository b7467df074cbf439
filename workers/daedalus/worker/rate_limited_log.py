"""Logging at a limited rate: a flood of odd messages does not become a flood of lines."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

__all__ = ["RateLimitedLog"]

MOST_TOPICS = 1000
"""The oldest is forgotten for a new one: topics may be texts of others."""


class RateLimitedLog:
    """At most one line per topic and interval; the next one says how many were held back."""

    def __init__(
        self,
        log: logging.Logger,
        *,
        interval_seconds: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log = log
        self._interval = interval_seconds
        self._clock = clock
        self._held: dict[str, tuple[float, int]] = {}

    def warning(self, topic: str, message: str, *arguments: object) -> None:
        """Log a warning, unless one of this topic was logged within the interval."""
        self._log_rarely(logging.WARNING, topic, message, arguments)

    def info(self, topic: str, message: str, *arguments: object) -> None:
        """The same for what is no trouble but may come often."""
        self._log_rarely(logging.INFO, topic, message, arguments)

    def forget(self) -> None:
        """Log whatever comes next at once: what was logged before is over."""
        self._held.clear()

    def _log_rarely(self, level: int, topic: str, message: str, arguments: tuple[object, ...]) -> None:
        now = self._clock()
        last, count = self._held.get(topic, (float("-inf"), 0))
        if now - last < self._interval:
            self._held[topic] = (last, count + 1)
            return
        if topic not in self._held and len(self._held) >= MOST_TOPICS:
            del self._held[next(iter(self._held))]
        self._held[topic] = (now, 0)
        suffix = f" (and {count:,} more like it before)" if count else ""
        self._log.log(level, message + "%s", *arguments, suffix)
