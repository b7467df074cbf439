"""What an exchange's ids prove: which messages were seen before, and where some are missing.

Pure: no clock, no disk. The same code runs live and later over stored raw messages, and gives the same
answers for the same messages in the same order.

Invariants, per stream (channel and symbol):
- An id is a duplicate only if it was seen (`StreamState`).
- The last id only grows, except when the exchange's counter is reset.
- Two exchange times that differ by hours more than the times of arrival prove nothing: one is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from .channel import Channel, Proof
from .header import Data, Ids
from .stream_state import StreamState

__all__ = ["Continuity", "IdGap", "Observation"]

_COUNTER_RESET_NS = 60_000_000_000
"""A smaller id is a reset if the exchange dates it this much later: connections may lag behind so far."""


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
    """What one message proved. ``reset``: the exchange's counter starts anew with this message.

    ``dropped``: ids from before a reset that are missing for good, as (first, last).
    """

    duplicate: bool = False
    gap: IdGap | None = None
    reset: bool = False
    dropped: Sequence[tuple[int, int]] = ()


_NEW = Observation()
_DUPLICATE = Observation(duplicate=True)


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
        """Take a message that came at ``recv_ns`` (UTC ns) over ``conn``; return what it proves.

        Call it once per message, in the order of arrival, and not for bodies of snapshots. An unknown
        connection ("") counts as a different one each time.
        """
        ids = header.ids
        if ids is None:
            return _NEW
        stream = self._streams.get((header.channel, header.symbol))
        if stream is None:
            return self._begin(header, ids, recv_ns, conn)
        if stream.recent is not None:
            return _NEW if stream.remember(ids.last, recv_ns) else _DUPLICATE
        last, previous = stream.last, ids.previous
        if header.is_snapshot:
            return self._snapshot(stream, header, ids, recv_ns, conn)
        if (ids.first == last + 1) if previous is None else (previous == last):
            if ids.last < last:  # linked to the message before, and yet smaller: the counter was reset
                return self._anew(stream, header, ids, recv_ns, conn)
            stream.advance(header, ids, recv_ns, conn)
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
            stream.miss(stream.announced)
            stream.last = stream.announced
            stream.recv_ns = recv_ns
        stream.announced = last if last > stream.last else None
        return Observation(gap=gap) if gap else _NEW

    def anew(self, header: Data, recv_ns: int, conn: str = "") -> Observation:
        """Take a message whose rows say that the exchange's counter starts anew with it."""
        ids, stream = header.ids, self._streams.get((header.channel, header.symbol))
        if ids is None or stream is None or stream.recent is not None:
            return self.observe(header, recv_ns, conn)
        return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.first, None, recv_ns))

    def seen(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id of a stream was observed before."""
        stream = self._streams.get((channel, symbol))
        return stream is not None and stream.seen(number)

    def missing(self, channel: str, symbol: str, number: int) -> bool:
        """Whether this id was never observed, though the stream is beyond it (or not known)."""
        stream = self._streams.get((channel, symbol))
        return stream is None or (number <= stream.last and not stream.seen(number))

    def count_missing(self, channel: str, symbol: str, first: int, last: int) -> int:
        """How many of the ids ``first``..``last`` (inclusive) were never observed."""
        stream = self._streams.get((channel, symbol))
        return last - first + 1 if stream is None else stream.count_missing(first, last)

    def fill(self, channel: str, symbol: str, first: int, last: int) -> None:
        """The ids ``first``..``last`` (inclusive) are there after all; those beyond the last are ignored."""
        stream = self._streams.get((channel, symbol))
        if stream is not None and first <= min(last, stream.last):
            stream.fill(first, min(last, stream.last))

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
        return [] if stream is None else stream.open_gaps(first, last)

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
        """Take a whole book on the stream: it includes all updates up to its id, received or not."""
        counted = header.channel in self._counted
        # Where messages are counted, the snapshot is one of them. Where they are linked, it repeats an id.
        before = ids.last - 1 if counted else ids.last
        if before > stream.last:
            gap = _gap(stream, ids.last, before - stream.last if counted else None, recv_ns)
            stream.miss(before)
            stream.advance(header, ids, recv_ns, conn)
            return Observation(gap=gap)
        if ids.last >= stream.last:
            stream.advance(header, ids, recv_ns, conn)
            return _NEW
        later_ns = stream.later_ns(header, recv_ns)
        if later_ns is None and not stream.came_over(conn):
            return _NEW  # its connection may be behind another one
        if later_ns is not None and later_ns <= 0:
            return _NEW  # its connection is behind another one
        return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.last, None, recv_ns))

    def _out_of_step(
        self, stream: StreamState, header: Data, ids: Ids, recv_ns: int, conn: str
    ) -> Observation:
        """Take a message that does not follow the last one: a duplicate, a gap, an overlap or a reset."""
        first = _first(ids)
        if ids.last <= stream.last:
            later_ns = stream.later_ns(header, recv_ns)
            # Messages of one connection keep their order, and a repeated update of a book keeps its time.
            in_order = stream.came_over(conn) and header.channel in self._books
            if later_ns is not None and later_ns > (0 if in_order else _COUNTER_RESET_NS):
                return self._anew(stream, header, ids, recv_ns, conn, _gap(stream, ids.first, None, recv_ns))
            return _NEW if first <= ids.last and stream.fill(first, ids.last) else _DUPLICATE
        gap: IdGap | None = None
        if first > stream.last:
            missing = first - stream.last - 1 if ids.previous is None else None
            gap = _gap(stream, ids.first, missing, recv_ns)
            stream.miss(first - 1)
        elif ids.previous is not None and (ids.previous <= 0 < stream.last or stream.came_over(conn)):
            # A link to an older message is an overlap of two connections. On one connection it is a break;
            # a link to no message (0 or less) is a reset.
            gap = _gap(stream, ids.last, None, recv_ns)
            if ids.previous <= 0:
                return self._anew(stream, header, ids, recv_ns, conn, gap)
            if stream.last + 1 < ids.last:
                stream.miss(ids.last - 1)
        else:
            stream.fill(first, ids.last)
        stream.advance(header, ids, recv_ns, conn)
        return Observation(gap=gap) if gap else _NEW


def _first(ids: Ids) -> int:
    """The first id a message covers; with a link, all behind the linked message, whatever ids are skipped."""
    return ids.first if ids.previous is None else ids.previous + 1


def _gap(stream: StreamState, to_id: int, missing: int | None, recv_ns: int) -> IdGap:
    return IdGap(stream.channel, stream.symbol, stream.last, to_id, missing, stream.recv_ns, recv_ns)
