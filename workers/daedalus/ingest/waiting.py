"""The holes that wait to be asked for, in bounded memory: pure.

Beyond the bound a hole is joined with the newest one of its stream. Such a range holds ids that were
received too, and asking for all of it finds what is missing in it; nothing is called filled for want of room.
"""

from __future__ import annotations

from collections import deque

from ..exchanges.model import Missing

__all__ = ["MAX_STREAMS", "MAX_WAITING", "Stream", "Waiting"]

MAX_WAITING = 20_000
"""Some 6 MB. A stream that leaves out every sixth id for an hour has so many."""

MAX_STREAMS = 5_000
"""More streams than anybody subscribes to: what an exchange says of others is not asked for."""

Stream = tuple[str, str]
"""Channel and symbol."""


class Waiting:
    """Holes by stream, each stream's in the order of arrival."""

    def __init__(self) -> None:
        self._holes: dict[Stream, deque[Missing]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, hole: Missing) -> bool:
        """Keep a hole; False where there is no room for another stream."""
        holes = self._holes.get((hole.channel, hole.symbol))
        if holes is None:
            if len(self._holes) >= MAX_STREAMS:
                return False
            holes = self._holes[hole.channel, hole.symbol] = deque()
        if holes and self._count >= MAX_WAITING and (holes[-1].first is None) is (hole.first is None):
            holes[-1] = _joined(holes[-1], hole)
        else:
            holes.append(hole)
            self._count += 1
        return True

    def all(self) -> list[Missing]:
        """Every hole that waits."""
        return [hole for holes in self._holes.values() for hole in holes]

    def take(self, stream: Stream, most: int) -> list[Missing]:
        """The oldest holes of a stream, at most so many, which wait no longer."""
        holes = self._holes.get(stream)
        if holes is None:
            return []
        taken = [holes.popleft() for _ in range(min(most, len(holes)))]
        self._count -= len(taken)
        if not holes:
            del self._holes[stream]
        return taken


def _joined(one: Missing, other: Missing) -> Missing:
    """One hole that reaches over both."""
    first = last = None
    if one.first is not None and other.first is not None:
        first = min(one.first, other.first)
        last = max(each if each is not None else first for each in (one.last, other.last))
    return Missing(
        one.channel,
        one.symbol,
        first,
        last,
        min(one.from_ns, other.from_ns),
        max(one.to_ns, other.to_ns),
    )
