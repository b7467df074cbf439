"""Which partitions wait: their next segment cannot be done for now, or a directory cannot be read.

An error may pass: a file that cannot be opened today may be opened tomorrow. So its partition waits and is
tried again with growing pauses. Each new reason is logged once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from ..store.layout import Partition

__all__ = ["WaitingPartitions", "reason"]

log = logging.getLogger("daedalus.normalize.worker")

FIRST_SECONDS = 2.0
MOST_SECONDS = 60.0


class _Wait(Struct):
    why: str
    delay: float
    until: float


class WaitingPartitions:
    """The partitions that wait, and why. ``clock``: monotonic seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._waits: dict[Partition, _Wait] = {}
        self._unreadable: dict[Path, str] = {}
        self._root = Path()

    def failed(self, partition: Partition, why: str) -> bool:
        """The next segment cannot be done; whether the reason is new."""
        known = self._waits.get(partition)
        delay = FIRST_SECONDS if known is None else min(2 * known.delay, MOST_SECONDS)
        self._waits[partition] = _Wait(why, delay, self._clock() + delay)
        return known is None or known.why != why

    def done(self, partition: Partition) -> None:
        """A segment is done: the partition no longer waits."""
        if self._waits.pop(partition, None) is not None:
            log.info("%s.%s goes on", partition.exchange, partition.channel)

    def unreadable(self, root: Path, errors: Iterable[OSError]) -> None:
        """Set the directories below ``root`` that cannot be read now, from the errors they gave."""
        found = {Path(str(error.filename)): reason(error) for error in errors}
        for path, why in found.items():
            if self._unreadable.get(path) != why:
                log.error("%s; its files wait. Restore its owner and mode", why)
        self._unreadable, self._root = found, root

    def waits(self, partition: Partition) -> bool:
        """Whether its segments wait: one failed a moment ago, or some may lie in an unreadable directory."""
        wait = self._waits.get(partition)
        if wait is not None and self._clock() < wait.until:
            return True
        folder = self._root / f"exchange={partition.exchange}" / f"channel={partition.channel}"
        return any(
            path == folder or path in folder.parents or folder in path.parents for path in self._unreadable
        )

    @property
    def trouble(self) -> str:
        """The first reason to wait, and how many more there are; "" if nothing waits."""
        told = [*self._unreadable.values(), *(wait.why for wait in self._waits.values())]
        return f"{told[0]} (and {len(told) - 1} more)" if len(told) > 1 else "".join(told)


def reason(error: BaseException) -> str:
    """An error in words; a system error by its file and what is wrong with it."""
    if isinstance(error, OSError) and error.errno is not None and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError) and error.args:
        return str(error)
    return f"{type(error).__name__}: {error}"
