"""Until when all that was received is on the disk, for whoever starts after a crash.

A flush makes durable what was handed to the writer by then. What a connection had read by then may still
have waited in its wire, and a dead link brings nothing while it counts as open: so the word of a flush
goes only as far as the connections were known to be heard before it.
"""

from __future__ import annotations

from collections import deque

__all__ = ["Kept"]

_MARKS = 16


class Kept:
    """Marks: by that time, all that was received until then was handed over. All times are UTC ns.

    ``since_ns``: until when the process before had kept all, 0 where that is not known.
    """

    def __init__(self, since_ns: int = 0) -> None:
        self._until_ns = since_ns
        self._marks: deque[tuple[int, int]] = deque(maxlen=_MARKS)

    def mark(self, now_ns: int, heard_ns: int) -> None:
        """All that was received until ``heard_ns`` has been handed to the writer by now."""
        self._marks.append((now_ns, min(heard_ns, now_ns)))

    def until(self, flushed_ns: int) -> int:
        """Until when all is on the disk, given the time of the last flush; 0: nothing is known to be."""
        while self._marks and self._marks[0][0] <= flushed_ns:
            self._until_ns = self._marks.popleft()[1]
        return self._until_ns
