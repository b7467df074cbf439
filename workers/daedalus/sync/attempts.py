"""What to try again, and when. A store that is down is asked rarely; a file that fails alone delays no other.
Pure except for the random jitter.

After a failure it is not known whether the store or the file is to blame. So the file goes behind the others.
If one of them succeeds, it was the file, which then waits on its own. If they fail too, it was the store, and
the order is as before.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from ..worker.backoff import backoff_delay
from .plan import Upload

__all__ = ["Attempts"]


class Attempts:
    """Which files failed, and when they may be tried again. Times are monotonic seconds."""

    def __init__(self, first: float, longest: float, jitter: random.Random | None = None) -> None:
        self._first = first
        self._longest = longest
        self._jitter = jitter if jitter is not None else random.Random()  # noqa: S311
        self._in_a_row = 0
        self._suspects: set[str] = set()
        self._blamed: dict[str, tuple[int, float]] = {}

    @property
    def in_a_row(self) -> int:
        """Failures since the last success."""
        return self._in_a_row

    @property
    def failing(self) -> int:
        """How many files' last attempt failed."""
        return len(self._suspects | self._blamed.keys())

    def due(self, uploads: Sequence[Upload], now: float) -> list[Upload]:
        """The files to try now, in this order."""
        waiting = {upload.key for upload in uploads}
        self._suspects &= waiting
        self._blamed = {key: blame for key, blame in self._blamed.items() if key in waiting}
        due = [upload for upload in uploads if self._blamed.get(upload.key, (0, now))[1] <= now]
        return sorted(due, key=lambda upload: upload.key in self._suspects)

    def succeeded(self, key: str, now: float) -> None:
        """The store works, so the files that failed before are to blame themselves."""
        self._in_a_row = 0
        self._suspects.discard(key)
        self._blamed.pop(key, None)
        for suspect in self._suspects:
            failures = self._blamed.get(suspect, (0, now))[0] + 1
            delay = backoff_delay(failures, self._first, self._longest, self._jitter)
            self._blamed[suspect] = (failures, now + delay)
        self._suspects.clear()

    def reached(self) -> None:
        """The store answered. That ends its failures if no transfer was among them."""
        if not self._suspects:
            self._in_a_row = 0

    def failed(self, key: str | None = None) -> None:
        """A transfer failed; ``key`` None: the store itself failed."""
        self._in_a_row += 1
        if key is not None:
            self._suspects.add(key)

    def pause(self) -> float:
        """Seconds to leave the store alone."""
        return backoff_delay(self._in_a_row, self._first, self._longest, self._jitter)
