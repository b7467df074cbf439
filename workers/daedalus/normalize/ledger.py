"""The ledger: from the notes of the recorder and the venues' ids to the gaps there are.

Channels whose ids are consecutive prove their gaps: a hole in the ids is a gap, an outage without one is
none. For all others the time in which no connection served the stream is the gap, its size unknown.
A hole seen while two connections serve a stream waits until only one does: the other may still fill it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..exchanges.base import Channel
from ..exchanges.continuity import Continuity, Hole
from .columns import Gap

__all__ = ["Ledger", "StreamLedger", "no_book"]

WAIT_NS = 10_000_000_000
"""How long another connection may take to bring what one has lost."""

_START = "start"
_VENUE = "venue"
_DAMAGED = "damaged"
_SNAPSHOT = "snapshot"


class StreamLedger(Struct):
    """What is remembered of one stream; becomes JSON as it is. Times are UTC ns.

    ``last_ns``: its last message. ``until_ns``: until when the connections that ended have heard
    anything. ``alive``: the connections that serve it; ``fresh``: those of them that have not brought a
    message yet, with the cause of the silence before. ``waiting``: holes that may still be filled.
    ``after_damage``: rows before the next one lay in a file that cannot be read.
    """

    channel: str
    symbol: str
    last_ns: int | None = None
    until_ns: int | None = None
    alive: list[str] = []
    fresh: dict[str, str] = {}
    waiting: list[tuple[Hole, str]] = []
    after_damage: bool = False


class Ledger:
    """Follows the streams of one partition. Gaps come out of the calls that prove them."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        continuity: Continuity,
        state: Sequence[StreamLedger] = (),
        after_damage: bool = False,
    ) -> None:
        self._channels = channels
        self._continuity = continuity
        self._streams = {(stream.channel, stream.symbol): stream for stream in state}
        if after_damage:
            self.damage()

    def damage(self) -> None:
        """Rows that came before the next ones cannot be read, of whatever stream they were."""
        for stream in self._streams.values():
            stream.after_damage = True
            stream.fresh = dict.fromkeys(stream.alive, _DAMAGED)

    def subscribed(
        self, channel: str, symbol: str, conn: str, at_ns: int, cause: str, since_ns: int | None
    ) -> list[Gap]:
        """A connection serves the stream from now on; ``cause``: why it was not recorded until now."""
        stream = self._stream(channel, symbol)
        # Connections of a process that ran before are dead, even if nobody wrote that down.
        process = _process(conn)
        stream.alive = [other for other in stream.alive if other != conn and _process(other) == process]
        stream.fresh = {other: why for other, why in stream.fresh.items() if other in stream.alive}
        gaps = self._settle(stream)
        known = [ns for ns in (stream.last_ns, stream.until_ns, since_ns) if ns is not None]
        served = bool(stream.alive)
        stream.alive.append(conn)
        stream.fresh[conn] = cause
        if cause != _START and not served and known and not self._consecutive(channel):
            gaps.append(_unknown(stream, min(max(known), at_ns), at_ns, cause))
            stream.after_damage = False
        return gaps

    def unsubscribed(self, channel: str, symbol: str, conn: str, until_ns: int) -> list[Gap]:
        """A connection serves the stream no more; it heard its last at ``until_ns``."""
        stream = self._stream(channel, symbol)
        if conn in stream.alive:
            stream.alive.remove(conn)
        stream.fresh.pop(conn, None)
        stream.until_ns = max(until_ns, stream.until_ns or until_ns)
        return self._settle(stream)

    def message(
        self,
        channel: str,
        symbol: str,
        conn: str,
        at_ns: int,
        hole: Hole | None,
        *,
        anew: bool = False,
        renumbered: bool = False,
    ) -> list[Gap]:
        """A message of the stream came, and with it, perhaps, the proof of a hole before it.

        ``anew``: the venue began the book anew with it, which inside a living connection loses nothing.
        ``renumbered``: its numbers began anew, so that no other connection can bring what lies between.
        """
        stream = self._streams.get((channel, symbol)) or self._stream(channel, symbol)
        cause = stream.fresh.pop(conn, _VENUE) if stream.fresh else _VENUE
        gaps: list[Gap] = []
        if stream.after_damage:
            stream.after_damage = False
            if cause == _VENUE:  # the beginning of its connection may be among what was lost
                cause = _DAMAGED
            if stream.last_ns is not None and not self._consecutive(channel):
                gaps.append(_unknown(stream, min(stream.last_ns, at_ns), at_ns, _DAMAGED))
        if hole is not None and cause != _START and not (anew and cause == _VENUE):
            if len(stream.alive) > 1 and not renumbered:
                stream.waiting.append((hole, cause))
            else:
                gaps.append(_proven(hole, hole.from_id, hole.to_id, hole.missing, cause))
        if stream.waiting and at_ns - stream.waiting[0][0].to_ns > WAIT_NS:
            gaps += self._settle(stream, waited=True)
        stream.last_ns = at_ns
        return gaps

    def lost(
        self,
        channel: str,
        symbol: str,
        from_ns: int,
        to_ns: int,
        why: str,
        *,
        elsewhere: bool | None = None,
    ) -> list[Gap]:
        """Something of the stream is missing, the venue alone knows how much; ``why``: how that is known.

        ``elsewhere``: whether another connection has it; None: it has, if there is one.
        """
        stream = self._stream(channel, symbol)
        if elsewhere is None:
            elsewhere = len(stream.alive) > 1
        if self._consecutive(channel) or elsewhere:
            return []  # its ids say it better; or the other connection has it
        return [Gap(channel, symbol, from_ns, to_ns, None, None, None, _VENUE, note=why)]

    def served(self, channel: str, symbol: str, newcomer: str) -> bool:
        """Whether another connection of the newcomer's process serves the stream now."""
        stream = self._streams.get((channel, symbol))
        process = _process(newcomer)
        return stream is not None and any(_process(conn) == process for conn in stream.alive)

    def state(self) -> list[StreamLedger]:
        """All that is remembered, by channel and symbol."""
        return [stream for _, stream in sorted(self._streams.items())]

    def _stream(self, channel: str, symbol: str) -> StreamLedger:
        stream = self._streams.get((channel, symbol))
        if stream is None:
            stream = self._streams[channel, symbol] = StreamLedger(channel, symbol)
        return stream

    def _consecutive(self, channel: str) -> bool:
        known = self._channels.get(channel)
        return known is not None and known.consecutive

    def _settle(self, stream: StreamLedger, *, waited: bool = False) -> list[Gap]:
        """What is left of the waiting holes, now that nobody is there to fill them, or had time enough."""
        if len(stream.alive) > 1 and not waited:
            return []
        gaps = []
        for hole, cause in stream.waiting:
            still_open = self._continuity.open_holes(
                stream.channel, stream.symbol, hole.from_id + 1, hole.to_id
            )
            inside = [
                (first, last) for first, last in still_open if first > hole.from_id and last <= hole.to_id
            ]
            if hole.missing is None:
                if inside:
                    gaps.append(_proven(hole, hole.from_id, hole.to_id, None, cause))
                continue
            for first, last in inside:
                gaps.append(_proven(hole, first - 1, last + 1, last - first + 1, cause))
        stream.waiting = []
        return gaps


def no_book(channel: str, symbol: str, since_ns: int | None, at_ns: int, why: str | None) -> Gap:
    """The time in which a book waited for its snapshot: no update is missing, but there is no book."""
    begin = min(since_ns or at_ns, at_ns)
    return Gap(
        channel, symbol, begin, at_ns, None, None, 0, _SNAPSHOT, "unfillable", 0, f"no book: {why}", at_ns
    )


def _process(conn: str) -> str:
    """The part of a connection's id that all connections of one process share."""
    return conn.rpartition("-")[0]


def _proven(hole: Hole, from_id: int, to_id: int, missing: int | None, cause: str) -> Gap:
    begin = min(hole.from_ns, hole.to_ns)  # the clock may have been set back in between
    return Gap(hole.channel, hole.symbol, begin, hole.to_ns, from_id, to_id, missing, cause)


def _unknown(stream: StreamLedger, from_ns: int, to_ns: int, cause: str) -> Gap:
    return Gap(stream.channel, stream.symbol, from_ns, to_ns, None, None, None, cause)
