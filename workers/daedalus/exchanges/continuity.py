"""What the exchanges' numbers prove: which messages were seen before, and where some are missing.

Pure: no clock, no disk. The same code runs live over the wire and later over stored raw messages, and
says the same of the same messages in the same order.

Invariants, per stream (channel and symbol):
- An id is a duplicate only if it was seen: above `first`, not above `last`, and in no open gap.
- `last` only grows, except when the exchange's own counter starts anew.
- Every missing id lies in a gap that is remembered. Beyond `MAX_GAPS` the oldest are joined, two and two,
  with the ids between them: those count as missing again, so one row may come twice, and none is lost.
- Two of the exchange's times that lie hours further apart than the messages came prove nothing: one is wrong.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

from msgspec import Struct

from .channel import Channel, Proof
from .header import Data, Ids
from .times import IMPLAUSIBLE_NS

__all__ = ["MAX_GAPS", "RECENT_IDS", "Continuity", "IdGap", "Observation", "StreamState"]

MAX_GAPS = 100_000
"""Of one stream, 13 MB of memory: a busy stream that leaves out every sixth id, for an hour and a half."""

_JOINED = MAX_GAPS // 10

RECENT_IDS = 256
"""How many ids are remembered of a channel whose ids have an order but may skip."""

_COUNTER_RESET_NS = 60_000_000_000
"""How much later an id that went back must be said: connections and repetitions may lag behind so far."""


class IdGap(Struct, frozen=True, gc=False):
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
    """What one message proved. ``reset``: the exchange's counter started anew with this message.

    ``dropped``: with it, the ids of the count before that are missing for good, as (first, last).
    """

    duplicate: bool = False
    gap: IdGap | None = None
    reset: bool = False
    dropped: Sequence[tuple[int, int]] = ()


_NEW = Observation()
_DUPLICATE = Observation(duplicate=True)


class StreamState(Struct):
    """What is remembered of one stream; becomes JSON as it is.

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


class Continuity:
    """Follows the ids of all streams of one exchange.

    ``channels`` are the exchange's (`Exchange.channels`); ``state`` is what `state` returned before.
    """

    def __init__(self, channels: Mapping[str, Channel], state: list[StreamState] | None = None) -> None:
        self._consecutive = frozenset(name for name, channel in channels.items() if channel.consecutive)
        self._counted = frozenset(name for name, channel in channels.items() if channel.proof is Proof.IDS)
        self._books = frozenset(name for name, channel in channels.items() if channel.snapshot is not None)
        self._streams = {(stream.channel, stream.symbol): stream for stream in state or []}

    def observe(self, header: Data, recv_ns: int, conn: str = "") -> Observation:
        """Take note of a message that came at ``recv_ns`` (UTC ns) over ``conn`` and say what it proves.

        To be asked once per message, in the order of arrival. Bodies of snapshots are not messages. Where
        the connection is not known (""), it is taken for another one each time.
        """
        ids = header.ids
        if ids is None:
            return _NEW
        stream = self._streams.get((header.channel, header.symbol))
        if stream is None:
            return self._begin(header, ids, recv_ns, conn)
        if stream.recent is not None:
            return _observe_recent(stream, ids.last, recv_ns)
        last, previous = stream.last, ids.previous
        if header.is_snapshot:
            return self._snapshot(stream, header, ids, recv_ns, conn)
        if (ids.first == last + 1) if previous is None else (previous == last):
            if ids.last < last:  # linked to what came before, and yet smaller: the counter starts anew
                return self._anew(stream, header, ids, recv_ns, conn)
            _advance(stream, header, ids, recv_ns, conn)
            return _NEW
        return self._out_of_step(stream, header, ids, recv_ns, conn)

    def announced(self, channel: str, symbol: str, last: int, recv_ns: int) -> Observation:
        """Take note that the exchange has sent the ids up to ``last`` (`Heartbeat.announces`).

        A heartbeat may overtake the message it announces, but not by two beats.
        """
        stream = self._streams.get((channel, symbol))
        if stream is None:
            return _NEW
        gap = None
        if stream.announced is not None and stream.announced > stream.last:
            missing = stream.announced - stream.last
            gap = _gap(stream, stream.announced + 1, missing, recv_ns)
            _remember(stream, (stream.last + 1, stream.announced))
            stream.last = stream.announced
            stream.recv_ns = recv_ns
        stream.announced = last if last > stream.last else None
        return Observation(gap=gap) if gap else _NEW

    def anew(self, header: Data, recv_ns: int, conn: str = "") -> Observation:
        """Take note of a message of which its rows say that the exchange's counter starts anew with it."""
        ids, stream = header.ids, self._streams.get((header.channel, header.symbol))
        if ids is None or stream is None or stream.recent is not None:
            return self.observe(header, recv_ns, conn)
        return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.first, None, recv_ns))

    def seen(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id of a stream was observed before."""
        stream = self._streams.get((channel, symbol))
        if stream is None or not stream.first <= number <= stream.last:
            return False
        position = bisect_left(stream.gaps, (number + 1,)) - 1
        return position < 0 or stream.gaps[position][1] < number

    def missing(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id was never observed, though the stream has gone beyond it (or is not known)."""
        stream = self._streams.get((channel, symbol))
        return stream is None or (number <= stream.last and not self.seen(channel, symbol, number))

    def count_missing(self, channel: str, symbol: str, first: int, last: int) -> int:
        """How many of the ids ``first``..``last`` (inclusive) were never observed."""
        stream = self._streams.get((channel, symbol))
        if stream is None:
            return last - first + 1
        count = max(0, min(last, stream.first - 1) - first + 1) + max(
            0, last - max(first, stream.last + 1) + 1
        )
        return count + sum(
            min(last, end) - max(first, begin) + 1
            for begin, end in self.open_gaps(channel, symbol, first, last)
        )

    def fill(self, channel: str, symbol: str, first: int, last: int) -> None:
        """Ids ``first``..``last`` (inclusive) are found after all; those beyond the last are yet to come."""
        stream = self._streams.get((channel, symbol))
        if stream is not None and first <= min(last, stream.last):
            _fill(stream, first, min(last, stream.last))

    def first(self, channel: str, symbol: str) -> int | None:
        """The smallest id seen of a stream; None if there was none."""
        stream = self._streams.get((channel, symbol))
        return stream.first if stream else None

    def last(self, channel: str, symbol: str) -> int | None:
        """The largest id seen of a stream; None if there was none."""
        stream = self._streams.get((channel, symbol))
        return stream.last if stream else None

    def open_gaps(
        self, channel: str, symbol: str, first: int | None = None, last: int | None = None
    ) -> list[tuple[int, int]]:
        """The missing ids, as (first, last), ascending: all, or the gaps that touch ``first``..``last``."""
        stream = self._streams.get((channel, symbol))
        if stream is None:
            return []
        begin = 0 if first is None else _position(stream.gaps, first)
        end = len(stream.gaps) if last is None else bisect_left(stream.gaps, (last + 1,))
        return stream.gaps[begin:end]

    def state(self) -> list[StreamState]:
        """All that is remembered, by channel and symbol. Valid until the next `observe`."""
        return [stream for _, stream in sorted(self._streams.items())]

    def _begin(self, header: Data, ids: Ids, recv_ns: int, conn: str) -> Observation:
        recent = None if header.channel in self._consecutive else [ids.last]
        self._streams[header.channel, header.symbol] = StreamState(
            header.channel,
            header.symbol,
            _first(ids),
            ids.last,
            recv_ns,
            header.exchange_ns,
            recent=recent,
            conn=conn,
        )
        return _NEW

    def _anew(
        self,
        stream: StreamState,
        header: Data,
        ids: Ids,
        recv_ns: int,
        conn: str,
        gap: IdGap | None = None,
    ) -> Observation:
        self._begin(header, ids, recv_ns, conn)
        return Observation(gap=gap, reset=True, dropped=tuple(stream.gaps))

    def _snapshot(self, stream: StreamState, header: Data, ids: Ids, recv_ns: int, conn: str) -> Observation:
        """A whole book on the stream: it stands for all updates up to its id, which may not have come."""
        counted = header.channel in self._counted
        # Where messages are counted, the snapshot is the message of its number; a link leads up to it.
        before = ids.last - 1 if counted else ids.last
        if before > stream.last:
            gap = _gap(stream, ids.last, before - stream.last if counted else None, recv_ns)
            _remember(stream, (stream.last + 1, before))
            _advance(stream, header, ids, recv_ns, conn)
            return Observation(gap=gap)
        if ids.last >= stream.last:
            _advance(stream, header, ids, recv_ns, conn)
            return _NEW
        later_ns = _later_ns(stream, header, recv_ns)
        if later_ns is None and not _alone(stream, conn):
            return _NEW  # of a connection that may be behind another one
        if later_ns is not None and later_ns <= 0:
            return _NEW  # of a connection that is behind another one
        return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.last, None, recv_ns))

    def _out_of_step(
        self, stream: StreamState, header: Data, ids: Ids, recv_ns: int, conn: str
    ) -> Observation:
        first = _first(ids)
        if ids.last <= stream.last:
            later_ns = _later_ns(stream, header, recv_ns)
            # On one connection nothing overtakes, and what a book repeats has the time that it had.
            alone = _alone(stream, conn) and header.channel in self._books
            if later_ns is not None and later_ns > (0 if alone else _COUNTER_RESET_NS):
                return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.first, None, recv_ns))
            return _NEW if first <= ids.last and _fill(stream, first, ids.last) else _DUPLICATE
        gap: IdGap | None = None
        if first > stream.last:
            missing = first - stream.last - 1 if ids.previous is None else None
            gap = _gap(stream, ids.first, missing, recv_ns)
            _remember(stream, (stream.last + 1, first - 1))
        elif ids.previous is not None and (ids.previous <= 0 < stream.last or _alone(stream, conn)):
            # A link behind the last message is an overlap of two connections. On one it is a break, and so
            # it is where nothing comes before: the exchange begins anew.
            gap = _gap(stream, ids.last, None, recv_ns)
            if ids.previous <= 0:
                return self._anew(stream, header, ids, recv_ns, conn, gap)
            if stream.last + 1 < ids.last:
                _remember(stream, (stream.last + 1, ids.last - 1))
        else:
            _fill(stream, first, ids.last)
        _advance(stream, header, ids, recv_ns, conn)
        return Observation(gap=gap) if gap else _NEW


def _first(ids: Ids) -> int:
    """A link covers all that lies behind the message it names, whatever numbers the exchange skips."""
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


def _advance(stream: StreamState, header: Data, ids: Ids, recv_ns: int, conn: str) -> None:
    stream.last = ids.last
    stream.recv_ns = recv_ns
    stream.exchange_ns = header.exchange_ns or stream.exchange_ns
    stream.conn = conn


def _alone(stream: StreamState, conn: str) -> bool:
    """Whether a message came by the connection that brought the last id: then nothing else explains it."""
    return conn != "" and stream.conn == conn


def _later_ns(stream: StreamState, header: Data, recv_ns: int) -> int | None:
    """How much later than the last message the exchange said this one; None where its times do not tell."""
    if header.exchange_ns is None or stream.exchange_ns is None:
        return None
    later_ns = header.exchange_ns - stream.exchange_ns
    return later_ns if abs(later_ns - (recv_ns - stream.recv_ns)) <= IMPLAUSIBLE_NS else None


def _gap(stream: StreamState, to_id: int, missing: int | None, recv_ns: int) -> IdGap:
    return IdGap(stream.channel, stream.symbol, stream.last, to_id, missing, stream.recv_ns, recv_ns)


def _remember(stream: StreamState, gap: tuple[int, int]) -> None:
    stream.gaps.append(gap)
    _join_the_oldest(stream)


def _join_the_oldest(stream: StreamState) -> None:
    gaps = stream.gaps
    if len(gaps) > MAX_GAPS:  # many at once, so that each new gap costs the same
        gaps[:_JOINED] = [(gaps[at][0], gaps[at + 1][1]) for at in range(0, _JOINED, 2)]


def _position(gaps: list[tuple[int, int]], number: int) -> int:
    """The place of the first gap that does not end before ``number``."""
    position = bisect_left(gaps, (number,))
    return position - 1 if position and gaps[position - 1][1] >= number else position


def _fill(stream: StreamState, first: int, last: int) -> bool:
    """Take the ids out of the gaps they lie in; False if they lie in none."""
    gaps = stream.gaps
    older = first < stream.first
    if older:
        # Older than all that was seen. What lies between may still come: a gap, though no loss.
        between = (last + 1, stream.first - 1)
        stream.first = first
        if between[0] <= between[1]:
            gaps.insert(0, between)
            _join_the_oldest(stream)
    position = end = _position(gaps, first)
    rest: list[tuple[int, int]] = []
    while end < len(gaps) and gaps[end][0] <= last:
        gap_first, gap_last = gaps[end]
        rest += [piece for piece in ((gap_first, first - 1), (last + 1, gap_last)) if piece[0] <= piece[1]]
        end += 1
    gaps[position:end] = rest
    return older or end > position
