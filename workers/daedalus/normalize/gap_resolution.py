"""What became of each gap: filled by what, unfillable and why, or still open.

The ledger proves gaps; the tracker follows them until rows or a resolution close them. A gap gets its line at
the end of the segment in which it was proved, and a second one if a later segment resolves it. A gap with ids
is filled when each id was seen. Beyond `MAX_OPEN` the oldest are no longer followed, and stay open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from ..exchanges.model import Channel
from ..store.notes import Resolution
from ..tables.gaps import Gap
from .deduplicate import ObservedIds

__all__ = ["GapTracker", "OpenGap"]

MAX_OPEN = 50_000
"""17 MB in a checkpoint: a busy stream that leaves out every sixth id, for an hour."""

_OF_A_BOOK = "an exchange keeps no updates of its books; the next snapshot starts this one anew"
_NO_HISTORY = "the exchange offers no history of this channel"
_NEW_COUNT = "the exchange's numbers started anew"
_NO_ID_BEFORE = "no id from before it is known that could be asked from"
_LATE = "came late"


class OpenGap(Struct):
    """A gap that may still be filled; becomes JSON as it is. ``told``: the ledger has its line."""

    gap: Gap
    told: bool = False


class _Stream:
    """The open gaps of one stream, in the order in which they were proved."""

    def __init__(self) -> None:
        self.gaps: list[OpenGap] = []
        self._by_ids: dict[tuple[int | None, int | None], OpenGap] = {}

    def add(self, each: OpenGap) -> None:
        self.gaps.append(each)
        self._by_ids[each.gap.from_id, each.gap.to_id] = each

    def concerned(self, resolution: Resolution) -> Sequence[OpenGap]:
        """The gaps that a resolution is about: nearly always one, which its ids find at once."""
        if resolution.first is not None and resolution.last is not None:
            found = self._by_ids.get((resolution.first - 1, resolution.last + 1))
            if found is not None:
                return (found,)
        return [each for each in self.gaps if _concerns(resolution, each.gap)]


class GapTracker:
    """The gaps of one partition."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        observed: ObservedIds,
        state: Sequence[OpenGap] = (),
    ) -> None:
        self._channels = channels
        self._observed = observed
        self._open: dict[tuple[str, str], _Stream] = {}
        for each in state:
            self._follow(each)
        self._final: list[Gap] = []
        self._growing: dict[tuple[str, str, int], Gap] = {}

    def proved(self, gaps: Iterable[Gap], at_ns: int) -> None:
        """Take gaps that a row of that time has proved."""
        for each in gaps:
            gap = self._resolved_at_once(each, at_ns)
            if gap.status == "open":
                self._follow(OpenGap(gap))
            else:
                self._final.append(gap)

    def grows(self, gap: Gap) -> None:
        """Take a gap that nothing can fill and that may still grow. The last with its beginning counts."""
        self._growing[gap.channel, gap.symbol, gap.from_timestamp] = gap

    def resolved(self, channel: str, symbol: str, resolution: Resolution, at_ns: int) -> None:
        """Take what the recorder noted of its attempt to fill a gap. Ids have the last word."""
        stream = self._open.get((channel, symbol))
        for each in stream.concerned(resolution) if stream is not None else ():
            status = resolution.status
            if status == "filled" and each.gap.missing is not None:
                if each.gap.status == "unfillable":
                    continue  # a resolution may be about many gaps, and this one has its own
                status = "open"  # `lines` looks at the ids
            if resolution.status == "open":
                each.told = False  # the reason is worth a line
            each.gap = msgspec.structs.replace(each.gap, status=status, note=resolution.note, as_of=at_ns)

    def anew(self, channel: str, symbol: str, dropped: Sequence[tuple[int, int]], at_ns: int) -> None:
        """The exchange's numbers start anew: the old ones that are missing (``dropped``) stay missing."""
        stream = self._open.get((channel, symbol))
        if stream is None:
            return
        numbered = [each for each in stream.gaps if each.gap.missing is not None]
        self._open[channel, symbol] = _Stream()
        for each in stream.gaps:
            if each.gap.missing is None:
                self._follow(each)
        for each in numbered:
            gap = each.gap
            remaining = sum(
                min(last + 1, gap.to_id or 0) - max(first - 1, gap.from_id or 0) - 1
                for first, last in dropped
                if first < (gap.to_id or 0) and last > (gap.from_id or 0)
            )
            status, note = ("unfillable", _NEW_COUNT) if remaining else ("filled", gap.note or _LATE)
            self._final.append(
                msgspec.structs.replace(gap, status=status, note=note, remaining=remaining, as_of=at_ns)
            )

    def open_times(self, channel: str, symbol: str) -> list[tuple[int, int]]:
        """The times (UTC ns) of a stream's gaps that may still be filled."""
        stream = self._open.get((channel, symbol))
        gaps = stream.gaps if stream is not None else ()
        return [(each.gap.from_timestamp, each.gap.to_timestamp) for each in gaps]

    def lines(self, now_ns: int, outages: Iterable[Gap] = ()) -> list[Gap]:
        """The lines of this segment, which ends at ``now_ns``. Called once: it forgets what is resolved.

        ``outages``: gaps that have no end yet. Their last line comes when they are proved.
        """
        told = (self._resolved_at_once(each, now_ns) for each in outages)
        lines, unresolved = [*self._final, *self._growing.values(), *told], []
        for each in sorted(self.state(), key=_age):
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
                unresolved.append(OpenGap(each.gap, told=True))
        self._growing.clear()
        self._final, self._open = [], {}
        for each in unresolved[-MAX_OPEN:]:
            self._follow(each)
        return lines

    def state(self) -> list[OpenGap]:
        """What the next segment needs to know, after `lines`."""
        return [each for _, stream in sorted(self._open.items()) for each in stream.gaps]

    def _follow(self, each: OpenGap) -> None:
        stream = self._open.setdefault((each.gap.channel, each.gap.symbol), _Stream())
        stream.add(each)

    def _resolved_at_once(self, gap: Gap, at_ns: int) -> Gap:
        """The gap as it is known at that time: open, or unfillable if nothing can ever fill it."""
        if gap.status != "open":
            return msgspec.structs.replace(gap, as_of=at_ns, remaining=0)
        gap = msgspec.structs.replace(gap, as_of=at_ns, remaining=gap.missing)
        if (why := self._hopeless(gap)) is None:
            return gap
        note = f"{gap.note}; {why}" if gap.note else why
        return msgspec.structs.replace(gap, status="unfillable", note=note)

    def _hopeless(self, gap: Gap) -> str | None:
        channel = self._channels.get(gap.channel)
        if channel is None or channel.snapshot is not None:
            return _OF_A_BOOK if channel is not None else _NO_HISTORY
        if channel.history is None:
            return _NO_HISTORY
        if not channel.consecutive or gap.missing is not None:
            return None
        return _NO_ID_BEFORE if gap.from_id is None else _NEW_COUNT

    def _remaining(self, gap: Gap) -> int | None:
        if gap.missing is None or gap.from_id is None or gap.to_id is None:
            return None
        return self._observed.count_missing(gap.channel, gap.symbol, gap.from_id + 1, gap.to_id - 1)


def _age(each: OpenGap) -> tuple[int, str, str, int]:
    gap = each.gap
    return gap.to_timestamp, gap.channel, gap.symbol, gap.from_id or 0


def _concerns(resolution: Resolution, gap: Gap) -> bool:
    if resolution.first is not None and resolution.last is not None:
        if gap.from_id is None or gap.to_id is None:
            return False
        return resolution.first < gap.to_id and resolution.last > gap.from_id
    return resolution.from_ns < gap.to_timestamp and resolution.to_ns > gap.from_timestamp
