"""The gaps that wait to be asked for, in bounded memory. Pure.

Beyond the bound a gap is joined with the newest gap of its stream. The range then holds ids that were
received, too: asking for all of it finds the missing ones. No gap is dropped, and none counts as filled.
"""

from __future__ import annotations

from collections import deque

from ...exchanges.model import Missing
from ..coverage import Stream

__all__ = ["MAX_STREAMS", "MAX_WAITING", "GapQueue"]

MAX_WAITING = 20_000
"""Some 6 MB: the gaps of a stream that leaves out every sixth id for an hour."""

MAX_STREAMS = 5_000
"""More streams than anyone subscribes to."""


class GapQueue:
    """Gaps by stream, each stream's in the order of arrival."""

    def __init__(self) -> None:
        self._gaps: dict[Stream, deque[Missing]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, gap: Missing) -> bool:
        """Add a gap; False where there is no room for another stream."""
        gaps = self._gaps.get((gap.channel, gap.symbol))
        if gaps is None:
            if len(self._gaps) >= MAX_STREAMS:
                return False
            gaps = self._gaps[gap.channel, gap.symbol] = deque()
        if gaps and self._count >= MAX_WAITING and (gaps[-1].first is None) is (gap.first is None):
            gaps[-1] = _joined(gaps[-1], gap)
        else:
            gaps.append(gap)
            self._count += 1
        return True

    def all(self) -> list[Missing]:
        """All gaps in the queue."""
        return [gap for gaps in self._gaps.values() for gap in gaps]

    def take(self, stream: Stream, most: int) -> list[Missing]:
        """Remove and return the oldest gaps of a stream, at most so many."""
        gaps = self._gaps.get(stream)
        if gaps is None:
            return []
        taken = [gaps.popleft() for _ in range(min(most, len(gaps)))]
        self._count -= len(taken)
        if not gaps:
            del self._gaps[stream]
        return taken


def _joined(one: Missing, other: Missing) -> Missing:
    """One gap that spans both."""
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
