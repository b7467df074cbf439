"""What is remembered of one stream's ids: the first, the last, the missing ones between, the newest.

Invariants:
- An id was seen if it is not below `first`, not above `last`, and in no gap.
- Every missing id lies in a gap. Beyond `MAX_GAPS` the oldest gaps are joined in pairs, with the ids between
  them: those count as missing again, so a row may come twice, and none is lost.
"""

from __future__ import annotations

from bisect import bisect_left

from msgspec import Struct

from .header import Data, Ids
from .times import IMPLAUSIBLE_NS

__all__ = ["MAX_GAPS", "RECENT_IDS", "StreamState"]

MAX_GAPS = 100_000
"""Per stream, 13 MB of memory: a busy stream that leaves out every sixth id, for an hour and a half."""

_JOINED = MAX_GAPS // 10

RECENT_IDS = 256
"""How many ids are remembered of a channel whose ids are ordered but may skip."""


class StreamState(Struct):
    """The ids of one stream; becomes JSON as it is.

    ``gaps`` are the missing ids as (first, last), ascending. ``recent`` are the newest ids of a channel
    whose ids may skip (None where they are consecutive). ``announced`` is an id that a heartbeat named
    and that has not come yet. ``conn``: the connection that brought ``last``.
    """

    channel: str
    symbol: str
    first: int
    last: int
    recv_ns: int
    exchange_ns: int | None = None
    gaps: list[tuple[int, int]] = []
    recent: list[int] | None = None
    announced: int | None = None
    conn: str = ""

    def seen(self, number: int) -> bool:
        """Whether this id was observed."""
        if not self.first <= number <= self.last:
            return False
        position = bisect_left(self.gaps, (number + 1,)) - 1
        return position < 0 or self.gaps[position][1] < number

    def count_missing(self, first: int, last: int) -> int:
        """How many of the ids ``first``..``last`` (inclusive) were never observed."""
        older = max(0, min(last, self.first - 1) - first + 1)
        newer = max(0, last - max(first, self.last + 1) + 1)
        between = self.open_gaps(first, last)
        return older + newer + sum(min(last, end) - max(first, begin) + 1 for begin, end in between)

    def open_gaps(self, first: int | None, last: int | None) -> list[tuple[int, int]]:
        """The gaps that touch the ids ``first``..``last`` (inclusive), ascending; None: no limit."""
        begin = 0 if first is None else self._position(first)
        end = len(self.gaps) if last is None else bisect_left(self.gaps, (last + 1,))
        return self.gaps[begin:end]

    def came_over(self, conn: str) -> bool:
        """Whether this connection brought the last id."""
        return conn != "" and self.conn == conn

    def later_ns(self, header: Data, recv_ns: int) -> int | None:
        """How much later than the last message the exchange dates this one.

        None where its times do not tell: two that differ by hours more than the arrivals prove nothing.
        """
        if header.exchange_ns is None or self.exchange_ns is None:
            return None
        later_ns = header.exchange_ns - self.exchange_ns
        return later_ns if abs(later_ns - (recv_ns - self.recv_ns)) <= IMPLAUSIBLE_NS else None

    def advance(self, header: Data, ids: Ids, recv_ns: int, conn: str) -> None:
        """Go on to a message's last id."""
        self.last = ids.last
        self.recv_ns = recv_ns
        self.exchange_ns = header.exchange_ns or self.exchange_ns
        self.conn = conn

    def remember(self, number: int, recv_ns: int) -> bool:
        """Take an id of a channel whose ids may skip; False for one of the newest that came before."""
        recent = self.recent
        if recent is None or (number <= self.last and number in recent):
            return False
        recent.append(number)
        if len(recent) > RECENT_IDS:
            del recent[0]
        self.last = max(self.last, number)
        self.recv_ns = recv_ns
        return True

    def miss(self, last: int) -> None:
        """The ids behind the last one seen, up to this one (inclusive), are missing."""
        self.gaps.append((self.last + 1, last))
        self._bound()

    def fill(self, first: int, last: int) -> bool:
        """Take the ids ``first``..``last`` (inclusive) out of the gaps; False if they lie in none."""
        gaps = self.gaps
        older = first < self.first
        if older:
            # Older than all ids seen. Those between may still come: a gap, though not a loss.
            between = (last + 1, self.first - 1)
            self.first = first
            if between[0] <= between[1]:
                gaps.insert(0, between)
                self._bound()
        position = end = self._position(first)
        rest: list[tuple[int, int]] = []
        while end < len(gaps) and gaps[end][0] <= last:
            gap_first, gap_last = gaps[end]
            pieces = (gap_first, first - 1), (last + 1, gap_last)
            rest += [piece for piece in pieces if piece[0] <= piece[1]]
            end += 1
        gaps[position:end] = rest
        return older or end > position

    def _position(self, number: int) -> int:
        """The place of the first gap that does not end before ``number``."""
        position = bisect_left(self.gaps, (number,))
        return position - 1 if position and self.gaps[position - 1][1] >= number else position

    def _bound(self) -> None:
        gaps = self.gaps
        if len(gaps) > MAX_GAPS:  # many at once, so that each new gap costs the same
            gaps[:_JOINED] = [(gaps[at][0], gaps[at + 1][1]) for at in range(0, _JOINED, 2)]
