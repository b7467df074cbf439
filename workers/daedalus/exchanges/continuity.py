"""What the venues' numbers prove: which messages were seen before, and where some are missing.

Pure: no clock, no disk. The same code runs live over the wire and later over stored raw messages, and
says the same of the same messages in the same order.

Invariants, per stream (channel and symbol):
- An id is a duplicate only if it was seen: above `first`, not above `last`, and in no open hole.
- `last` only grows, except when the venue's own counter starts anew.
- At most `MAX_HOLES` holes are remembered. When the oldest is forgotten, `first` moves past it, so that
  messages from before it count as new: one row twice rather than one row lost.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from .base import Channel, Header, Ids, Proof

__all__ = ["MAX_HOLES", "RECENT_IDS", "Continuity", "Hole", "Observation", "StreamState"]

MAX_HOLES = 1000
RECENT_IDS = 256
"""How many ids are remembered of a channel whose ids have an order but may skip."""

_COUNTER_RESET_NS = 60_000_000_000


class Hole(Struct, frozen=True, gc=False):
    """Ids that are missing between two messages.

    ``from_id`` is the last id before, ``to_id`` the first id after; ``missing`` how many lie between,
    None where the ids do not say. ``from_ns``..``to_ns``: when the messages around it came (UTC ns).
    """

    channel: str
    symbol: str
    from_id: int
    to_id: int
    missing: int | None
    from_ns: int
    to_ns: int


class Observation(Struct, frozen=True, gc=False):
    """What one message proved. ``reset``: the venue's counter started anew with this message."""

    duplicate: bool = False
    hole: Hole | None = None
    reset: bool = False


_NEW = Observation()
_DUPLICATE = Observation(duplicate=True)


class StreamState(Struct):
    """What is remembered of one stream; becomes JSON as it is.

    ``holes`` are the missing ids as (first, last), ascending. ``recent`` are the newest ids of a channel
    whose ids may skip (None where they are consecutive). ``announced`` is an id that a heartbeat named
    and that has not come yet.
    """

    channel: str
    symbol: str
    first: int
    last: int
    recv_ns: int
    venue_ns: int | None = None
    holes: list[tuple[int, int]] = []
    recent: list[int] | None = None
    announced: int | None = None


class Continuity:
    """Follows the ids of all streams of one venue.

    ``channels`` are the venue's (`Venue.channels`); ``state`` is what `state` returned before.
    """

    def __init__(self, channels: Mapping[str, Channel], state: list[StreamState] | None = None) -> None:
        self._consecutive = frozenset(name for name, channel in channels.items() if channel.consecutive)
        self._counted = frozenset(name for name, channel in channels.items() if channel.proof is Proof.IDS)
        self._streams = {(stream.channel, stream.symbol): stream for stream in state or []}

    def observe(self, header: Header, recv_ns: int) -> Observation:
        """Take note of a message that came at ``recv_ns`` (UTC ns) and say what it proves.

        To be asked once per message, in the order of arrival. Bodies of snapshots are not messages.
        """
        ids = header.ids
        if ids is None:
            return _NEW
        if header.proves is not None:
            return self._heartbeat(header.proves, header.symbol, ids.last, recv_ns)
        stream = self._streams.get((header.channel, header.symbol))
        if stream is None:
            return self._begin(header, ids, recv_ns)
        if stream.recent is not None:
            return _observe_recent(stream, ids.last, recv_ns)
        last, previous = stream.last, ids.previous
        if header.is_snapshot:
            return self._snapshot(stream, header, ids, recv_ns)
        if (ids.first == last + 1) if previous is None else (previous == last):
            if ids.last < last:  # linked to what came before, and yet smaller: the counter starts anew
                self._begin(header, ids, recv_ns)
                return Observation(reset=True)
            _advance(stream, header, ids, recv_ns)
            return _NEW
        return self._out_of_step(stream, header, ids, recv_ns)

    def seen(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id of a stream was observed before."""
        stream = self._streams.get((channel, symbol))
        if stream is None or not stream.first <= number <= stream.last:
            return False
        return not any(first <= number <= last for first, last in stream.holes)

    def missing(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id lies in a hole that is remembered."""
        return any(first <= number <= last for first, last in self.open_holes(channel, symbol))

    def fill(self, channel: str, symbol: str, first: int, last: int) -> None:
        """Ids ``first``..``last`` (inclusive) are found after all: take them out of the holes they lie in."""
        stream = self._streams.get((channel, symbol))
        if stream is not None and max(first, stream.first) <= min(last, stream.last):
            _fill(stream, max(first, stream.first), min(last, stream.last))

    def first(self, channel: str, symbol: str) -> int | None:
        """The smallest id seen of a stream; None if there was none."""
        stream = self._streams.get((channel, symbol))
        return stream.first if stream else None

    def last(self, channel: str, symbol: str) -> int | None:
        """The largest id seen of a stream; None if there was none."""
        stream = self._streams.get((channel, symbol))
        return stream.last if stream else None

    def open_holes(self, channel: str, symbol: str) -> list[tuple[int, int]]:
        """The missing ids that are remembered, as (first, last), ascending."""
        stream = self._streams.get((channel, symbol))
        return list(stream.holes) if stream else []

    def state(self) -> list[StreamState]:
        """All that is remembered, by channel and symbol. Valid until the next `observe`."""
        return [stream for _, stream in sorted(self._streams.items())]

    def _begin(self, header: Header, ids: Ids, recv_ns: int) -> Observation:
        recent = None if header.channel in self._consecutive else [ids.last]
        self._streams[header.channel, header.symbol] = StreamState(
            header.channel, header.symbol, _first(ids), ids.last, recv_ns, header.venue_ns, recent=recent
        )
        return _NEW

    def _snapshot(self, stream: StreamState, header: Header, ids: Ids, recv_ns: int) -> Observation:
        """A whole book on the stream: it stands for all updates up to its id, which may not have come."""
        counted = header.channel in self._counted
        # Where messages are counted, the snapshot is the message of its number; a link leads up to it.
        before = ids.last - 1 if counted else ids.last
        if before > stream.last:
            hole = _hole(stream, ids.last, before - stream.last if counted else None, recv_ns)
            _remember(stream, (stream.last + 1, before))
            _advance(stream, header, ids, recv_ns)
            return Observation(hole=hole)
        if ids.last >= stream.last:
            _advance(stream, header, ids, recv_ns)
            return _NEW
        if (header.venue_ns or 0) <= (stream.venue_ns or 0):
            return _NEW  # of a connection that is behind another one
        unknown = _hole(stream, ids.last, None, recv_ns)
        self._begin(header, ids, recv_ns)
        return Observation(hole=unknown, reset=True)

    def _out_of_step(self, stream: StreamState, header: Header, ids: Ids, recv_ns: int) -> Observation:
        first = _first(ids)
        if ids.last <= stream.last:
            venue_ns, seen_ns = header.venue_ns, stream.venue_ns
            if venue_ns is not None and seen_ns is not None and venue_ns - seen_ns > _COUNTER_RESET_NS:
                unknown = _hole(stream, ids.first, None, recv_ns)
                self._begin(header, ids, recv_ns)
                return Observation(hole=unknown, reset=True)
            return _NEW if first <= ids.last and _fill(stream, first, ids.last) else _DUPLICATE
        hole: Hole | None = None
        if first <= stream.last:
            _fill(stream, first, ids.last)
        else:
            missing = first - stream.last - 1 if ids.previous is None else None
            hole = _hole(stream, ids.first, missing, recv_ns)
            _remember(stream, (stream.last + 1, first - 1))
        _advance(stream, header, ids, recv_ns)
        return Observation(hole=hole) if hole else _NEW

    def _heartbeat(self, channel: str, symbol: str, last: int, recv_ns: int) -> Observation:
        """A heartbeat names the last id there is. It may overtake its message, but not by two beats."""
        stream = self._streams.get((channel, symbol))
        if stream is None:
            return _NEW
        hole = None
        if stream.announced is not None and stream.announced > stream.last:
            missing = stream.announced - stream.last
            hole = _hole(stream, stream.announced + 1, missing, recv_ns)
            _remember(stream, (stream.last + 1, stream.announced))
            stream.last = stream.announced
            stream.recv_ns = recv_ns
        stream.announced = last if last > stream.last else None
        return Observation(hole=hole) if hole else _NEW


def _first(ids: Ids) -> int:
    """A link covers all that lies behind the message it names, whatever numbers the venue skips."""
    return ids.first if ids.previous is None else ids.previous + 1


def _observe_recent(stream: StreamState, number: int, recv_ns: int) -> Observation:
    recent = stream.recent
    if recent is None or (number <= stream.last and number in recent):
        return _DUPLICATE
    recent.append(number)
    if len(recent) > RECENT_IDS:
        del recent[0]
    stream.last = max(stream.last, number)
    stream.recv_ns = recv_ns
    return _NEW


def _advance(stream: StreamState, header: Header, ids: Ids, recv_ns: int) -> None:
    stream.last = ids.last
    stream.recv_ns = recv_ns
    stream.venue_ns = header.venue_ns or stream.venue_ns


def _hole(stream: StreamState, to_id: int, missing: int | None, recv_ns: int) -> Hole:
    return Hole(stream.channel, stream.symbol, stream.last, to_id, missing, stream.recv_ns, recv_ns)


def _remember(stream: StreamState, hole: tuple[int, int]) -> None:
    stream.holes.append(hole)
    _forget_the_oldest(stream)


def _forget_the_oldest(stream: StreamState) -> None:
    if len(stream.holes) > MAX_HOLES:
        stream.first = stream.holes.pop(0)[1] + 1


def _fill(stream: StreamState, first: int, last: int) -> bool:
    """Take the ids out of the holes they lie in; False if they lie in none."""
    older = first < stream.first
    if older:
        # Older than all that was seen. What lies between may still come: a hole, though no loss.
        between = (last + 1, stream.first - 1)
        stream.first = first
        if between[0] <= between[1]:
            stream.holes.insert(0, between)
            _forget_the_oldest(stream)
    position = len(stream.holes)
    while position and stream.holes[position - 1][1] >= first:
        position -= 1
    rest: list[tuple[int, int]] = []
    end = position
    while end < len(stream.holes) and stream.holes[end][0] <= last:
        hole_first, hole_last = stream.holes[end]
        rest += [piece for piece in ((hole_first, first - 1), (last + 1, hole_last)) if piece[0] <= piece[1]]
        end += 1
    stream.holes[position:end] = rest
    return older or end > position
