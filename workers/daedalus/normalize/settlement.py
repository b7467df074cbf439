"""What became of each gap: filled by whom, unfillable and why, or still open.

The ledger proves gaps; here they wait, as long as they may be filled, for the rows or the verdict that
settle them. A gap gets its line at the end of the segment in which it was proved, and a second one in
the segment in which it is settled, if that is a later one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from ..exchanges.base import Channel
from ..exchanges.continuity import Continuity
from .columns import Gap

__all__ = ["OpenGap", "Settlement", "Verdict"]

MAX_OPEN = 1000

_OF_A_BOOK = "a venue keeps no updates of its books; the next snapshot starts this one anew"
_NO_HISTORY = "the venue offers no history of this channel"
_NEW_COUNT = "the venue's numbers started anew"
_LATE = "came late"


class OpenGap(Struct):
    """A gap that may still be filled; becomes JSON as it is. ``told``: it has its line already."""

    gap: Gap
    told: bool = False


class Verdict(Struct, frozen=True):
    """What ingest wrote down of its attempt to fill a hole (raw kind ``gap``).

    ``status``: filled or unfillable; ``note``: by which request, or why not. Ids are inclusive; times are
    UTC ns, for what has no ids.
    """

    status: str
    note: str
    first: int | None = None
    last: int | None = None
    from_ns: int = 0
    to_ns: int = 0


class Settlement:
    """The gaps of one partition. ``fillable`` says of a channel and symbol whether the venue has its past."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        continuity: Continuity,
        fillable: Callable[[str, str], bool],
        state: Sequence[OpenGap] = (),
    ) -> None:
        self._channels = channels
        self._continuity = continuity
        self._fillable = fillable
        self._open = list(state)
        self._final: list[Gap] = []

    def proved(self, gaps: Iterable[Gap], at_ns: int) -> None:
        """Take gaps that the ledger has proved by a row of that time."""
        for each in gaps:
            gap = msgspec.structs.replace(each, as_of=at_ns, remaining=each.missing)
            if (why := self._hopeless(gap)) is None:
                self._open.append(OpenGap(gap))
            else:
                note = f"{gap.note}; {why}" if gap.note else why
                self._final.append(msgspec.structs.replace(gap, status="unfillable", note=note))

    def judged(self, channel: str, symbol: str, verdict: Verdict, at_ns: int) -> None:
        """Take what ingest says of its attempt to fill a hole. Ids have the last word over it."""
        for each in self._open:
            if (each.gap.channel, each.gap.symbol) == (channel, symbol) and _concerns(verdict, each.gap):
                status = verdict.status
                if status == "filled" and each.gap.missing is not None:
                    status = "open"  # `lines` looks at the ids
                each.gap = msgspec.structs.replace(each.gap, status=status, note=verdict.note, as_of=at_ns)

    def open_times(self, channel: str, symbol: str) -> list[tuple[int, int]]:
        """The times (UTC ns) in which what may still be filled of a stream was missed."""
        return [
            (each.gap.from_timestamp, each.gap.to_timestamp)
            for each in self._open
            if (each.gap.channel, each.gap.symbol) == (channel, symbol)
        ]

    def lines(self, now_ns: int) -> list[Gap]:
        """The lines of this segment, which ends at ``now_ns``; what is settled is forgotten. Call it once."""
        lines, still = self._final, []
        for each in self._open:
            remaining = self._remaining(each.gap)
            gap = msgspec.structs.replace(each.gap, remaining=remaining)
            if remaining == 0 and gap.missing is not None:
                as_of = now_ns if gap.status == "open" and gap.note is None else gap.as_of
                note = _LATE if gap.note is None or gap.status == "unfillable" else gap.note
                lines.append(msgspec.structs.replace(gap, status="filled", note=note, as_of=as_of))
            elif gap.status != "open":
                if gap.status == "filled":
                    gap = msgspec.structs.replace(gap, remaining=0)
                lines.append(gap)
            else:
                if not each.told:
                    lines.append(gap)
                still.append(OpenGap(each.gap, told=True))
        self._final, self._open = [], still[-MAX_OPEN:]
        return lines

    def state(self) -> list[OpenGap]:
        """What the next segment needs to know, after `lines`."""
        return list(self._open)

    def _hopeless(self, gap: Gap) -> str | None:
        channel = self._channels.get(gap.channel)
        if channel is None or channel.snapshot is not None:
            return _OF_A_BOOK if channel is not None else _NO_HISTORY
        if not self._fillable(gap.channel, gap.symbol):
            return _NO_HISTORY
        return _NEW_COUNT if channel.consecutive and gap.missing is None else None

    def _remaining(self, gap: Gap) -> int | None:
        if gap.missing is None or gap.from_id is None or gap.to_id is None:
            return None
        return sum(
            min(last, gap.to_id - 1) - max(first, gap.from_id + 1) + 1
            for first, last in self._continuity.open_holes(gap.channel, gap.symbol)
            if first < gap.to_id and last > gap.from_id
        )


def _concerns(verdict: Verdict, gap: Gap) -> bool:
    if verdict.first is not None and verdict.last is not None:
        if gap.from_id is None or gap.to_id is None:
            return False
        return verdict.first < gap.to_id and verdict.last > gap.from_id
    return verdict.from_ns < gap.to_timestamp and verdict.to_ns > gap.from_timestamp
