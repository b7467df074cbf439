"""Frames that a connection has lost, told at once and then at most once a second.

What is told costs a row for each stream of the connection: an exchange that leaves out every second frame
must not cost as many rows as it has streams, for each of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

__all__ = ["LostFrames"]

INTERVAL_SECONDS = 1.0


class LostFrames:
    """``tell`` is called with how many frames are missing, and since when (UTC ns)."""

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._loop = asyncio.get_running_loop()
        self._told_at = float("-inf")
        self._waiting: tuple[int, int] | None = None

    def lost(self, missing: int, from_ns: int) -> None:
        """So many frames more are missing, since ``from_ns``."""
        if self._waiting is not None:
            count, since_ns = self._waiting
            self._waiting = count + missing, min(since_ns, from_ns)
            return
        self._waiting = missing, from_ns
        wait = self._told_at + INTERVAL_SECONDS - self._loop.time()
        if wait > 0:
            self._loop.call_later(wait, self.flush)
        else:
            self.flush()

    def flush(self) -> None:
        """Tell what waits now; the connection ends, or its second is over."""
        if self._waiting is None:
            return
        waiting, self._waiting = self._waiting, None
        self._told_at = self._loop.time()
        self._tell(*waiting)
