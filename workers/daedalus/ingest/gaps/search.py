"""Searching an exchange's answers for what is missing: what to ask for next, and what was found. Pure.

Invariants:
- A gap is filled only if each of its ids was in an answer; by time, only if an answer spans it.
- An id within the span of an answer that does not hold it is absent; all others are still asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct, structs

from ...exchanges.model import Data, Ids, Missing

__all__ = ["ById", "ByTime", "Search"]

SLACK_NS = 1_000_000_000  # between an exchange's clock and ours, and between two ends of a link

PAGE_IDS = 900
"""Most exchanges answer with so many ids at a time: gaps within them share a request."""

SMALLEST_PAGE_IDS = 100
"""An exchange that is asked by id answers with at least so many ids, where it has them."""


class Search(Protocol):
    """A search for the gaps of one stream."""

    @property
    def wanted(self) -> Missing | None:
        """The oldest that is still to be asked for; None: nothing is left."""

    def take(self, header: Data, times: Mapping[int, int], *, by_id: bool) -> None:
        """Take an answer, and its times by id. ``by_id``: the request did not depend on times."""

    def give_up(self) -> None:
        """`wanted` leads to the same request as before: give up the oldest part of it."""

    def again(self) -> bool:
        """Search once more for what was absent; whether anything was."""

    def left(self, gap: Missing) -> str:
        """What of a gap was not in the answers, in words; "": nothing, it is filled."""


class _Left(Struct, frozen=True):
    """Ids that are still missing, and the times (UTC ns) between which they must lie."""

    first: int
    last: int
    from_ns: int
    to_ns: int


class ById:
    """A search for the ids of gaps of one stream, oldest first.

    An exchange that can only be asked by time answers with the oldest trades of a span, or with the newest:
    either way the times of these trades say where to look for the rest.
    """

    def __init__(self, gaps: Sequence[Missing]) -> None:
        self._about = gaps[0]
        self._left = sorted(
            (_Left(*_run(gap), gap.from_ns, gap.to_ns) for gap in gaps), key=lambda each: each.first
        )
        self._last = max(each.last for each in self._left)
        self._absent: list[_Left] = []

    @property
    def wanted(self) -> Missing | None:
        if not self._left:
            return None
        oldest = self._left[0]
        from_ns, to_ns = oldest.from_ns, oldest.to_ns
        for each in self._left:
            if each.last - oldest.first >= PAGE_IDS:
                break
            to_ns = max(to_ns, each.to_ns)
        about = self._about
        if from_ns > to_ns:  # the exchange's clock and ours differ by more than the gap is long
            from_ns, to_ns = to_ns, from_ns
        return Missing(about.channel, about.symbol, oldest.first, self._last, from_ns, to_ns)

    def take(self, header: Data, times: Mapping[int, int], *, by_id: bool) -> None:
        if not self._left:
            return
        runs = sorted(
            (part.ids for part in (header, *header.more) if part.ids is not None), key=lambda ids: ids.first
        )
        asked_from = self._left[0].first
        if runs:
            # The ids between those of an answer are absent; asked by id, so are those before them.
            begin = asked_from if by_id else runs[0].first
            end = max(ids.last for ids in runs)
        elif by_id:
            begin, end = asked_from, asked_from + SMALLEST_PAGE_IDS - 1
        else:
            return
        rest = _without(self._left, runs, times)
        self._absent += [each for each in rest if begin <= each.first and each.last <= end]
        self._left = [each for each in rest if not (begin <= each.first and each.last <= end)]

    def give_up(self) -> None:
        self._absent.append(self._left.pop(0))

    def again(self) -> bool:
        self._left = sorted([*self._left, *self._absent], key=lambda each: each.first)
        self._absent = []
        return bool(self._left)

    def left(self, gap: Missing) -> str:
        first, last = _run(gap)
        count = 0
        for pieces in (self._left, self._absent):
            at = bisect_left(pieces, first, key=lambda each: each.last)
            while at < len(pieces) and pieces[at].first <= last:
                count += min(last, pieces[at].last) - max(first, pieces[at].first) + 1
                at += 1
        return f"{count:,} of {last - first + 1:,} ids are not in the exchange's answer" if count else ""


def _without(left: Sequence[_Left], runs: Sequence[Ids], times: Mapping[int, int]) -> list[_Left]:
    """Subtract the runs, both ascending; each piece that is left gets the times of the ids next to it."""
    rest: list[_Left] = []
    at = 0
    for each in left:
        while at < len(runs) and runs[at].last < each.first:
            at += 1
        if at:
            each = _after(each, runs[at - 1], times)
        place = at
        piece: _Left | None = each
        while piece is not None and place < len(runs) and runs[place].first <= piece.last:
            ids = runs[place]
            if ids.first > piece.first:
                rest.append(_before(structs.replace(piece, last=ids.first - 1), ids, times))
            piece = (
                _after(structs.replace(piece, first=ids.last + 1), ids, times)
                if ids.last < piece.last
                else None
            )
            place += 1
        if piece is not None:
            rest.append(_before(piece, runs[place], times) if place < len(runs) else piece)
    return rest


def _after(piece: _Left, ids: Ids, times: Mapping[int, int]) -> _Left:
    return structs.replace(piece, from_ns=max(piece.from_ns, times.get(ids.last, piece.from_ns)))


def _before(piece: _Left, ids: Ids, times: Mapping[int, int]) -> _Left:
    return structs.replace(piece, to_ns=min(piece.to_ns, times.get(ids.first, piece.to_ns)))


class ByTime:
    """A search by time, where trades have no ids that prove anything."""

    def __init__(self, missing: Missing) -> None:
        self._missing = missing
        # A trade that was on its way when the link broke is older than the newest one received.
        self._begin_ns = max(0, missing.from_ns - SLACK_NS)
        self._from_ns = self._begin_ns
        self._begins_ns: int | None = None
        self._any = False
        self._over = False

    @property
    def wanted(self) -> Missing | None:
        if self._over:
            return None
        missing = self._missing
        return Missing(missing.channel, missing.symbol, None, None, self._from_ns, missing.to_ns)

    def take(self, header: Data, times: Mapping[int, int], *, by_id: bool) -> None:
        """Take an answer. It holds every trade from ``complete_from_ns`` on (None: all that were wanted)."""
        begins_ns, newest_ns = header.complete_from_ns, max(times.values(), default=None)
        self._any |= newest_ns is not None
        if begins_ns is not None and begins_ns > max(self._from_ns, self._missing.from_ns) + SLACK_NS:
            self._begins_ns = max(begins_ns, self._begins_ns or begins_ns)
        if newest_ns is None or newest_ns <= self._from_ns or newest_ns >= self._missing.to_ns:
            self._over = True
        else:
            self._from_ns = newest_ns
            self._over = self._begins_ns is not None

    def give_up(self) -> None:
        self._over = True

    def again(self) -> bool:
        """Only answers without any trade are worth a second search: one with trades says what there is."""
        self._from_ns, self._over = self._begin_ns, self._any
        return not self._any

    def left(self, gap: Missing) -> str:
        if not self._any:
            return "the exchange's answer is empty: nothing was traded, or it no longer has that past"
        if self._begins_ns is None:
            return ""
        late = (self._begins_ns - gap.from_ns) / 1e9
        return f"the exchange's answer begins {late:.1f} s too late"


def _run(missing: Missing) -> tuple[int, int]:
    assert missing.first is not None
    return missing.first, missing.first if missing.last is None else missing.last
