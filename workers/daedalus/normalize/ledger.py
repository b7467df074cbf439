"""The ledger proves gaps, from the exchange's ids and the recorder's notes.

Where ids are consecutive, only a jump in the ids is a gap; an outage without one lost nothing. On all other
channels a gap is the time in which no connection served the stream, and its size is unknown. It begins with
the last message that was kept, and ends when a connection is proved to serve the stream again: by the
exchange's answer or by the first message.
A gap seen while two connections serve a stream waits, as the other one may still fill it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from ..exchanges.continuity import IdGap
from ..exchanges.model import Channel
from ..store.notes import Cause
from ..store.raw import process_of
from ..tables.gaps import Gap
from .deduplicate import ObservedIds
from .stream_ledger import Outage, StreamLedger, gap_by_ids

__all__ = ["Ledger"]

WAIT_NS = 10_000_000_000
"""How long another connection may take to deliver what one has lost."""

ROW_ORDER_NS = 1_000_000_000
"""Messages of two connections that arrive together may be written in the other order, this long apart."""

_START: Cause = "start"
_RESTART: Cause = "restart"
_REPLACED: Cause = "replaced"
_DISCONNECT: Cause = "disconnect"
_EXCHANGE = "exchange"
_DAMAGED = "damaged"
_GOES_ON = "its ids go on: what they do not name is not missing"


class Ledger:
    """Follows the streams of one partition. A call returns the gaps that it proves."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        observed: ObservedIds,
        state: Sequence[StreamLedger] = (),
    ) -> None:
        self._channels = channels
        self._observed = observed
        self._streams = {(stream.channel, stream.symbol): stream for stream in state}

    def damage(self) -> None:
        """Rows before the next ones cannot be read, of any stream."""
        for stream in self._streams.values():
            stream.after_damage = True
            # A connection may have ended in the lost rows: each has to prove again that it serves.
            stream.asked += stream.alive
            stream.alive = []
            stream.fresh = dict.fromkeys(stream.asked, _DAMAGED)
            self._begin_outage(stream, stream.known_ns, _DAMAGED)

    def subscribed(
        self,
        channel: str,
        symbol: str,
        conn: str,
        at_ns: int,
        cause: str,
        since_ns: int | None,
        *,
        silent: bool = False,
    ) -> list[Gap]:
        """A connection is asked for the stream; ``cause``: why it was not recorded until now.

        ``since_ns``: everything that the previous process received until then was kept.
        ``silent``: the stream alone fell silent, while its connection and its channel went on.
        """
        is_new = (channel, symbol) not in self._streams
        stream = self._stream(channel, symbol)
        cut_off = stream.leave_others_behind(conn)
        gaps = self._settle(stream, at_ns)
        if cause == _START and stream.known_ns is not None:
            cause = _EXCHANGE if stream.alive or stream.asked else _RESTART  # rows of it are there
        known_here = (*stream.alive, *stream.asked)
        stream.fresh = {other: why for other, why in stream.fresh.items() if other in known_here}
        stream.fresh[conn] = cause
        stream.asked.append(conn)
        if stream.alive or cause == _START:
            return gaps
        known = [stream.known_ns]
        if (cut_off or is_new) and not stream.after_damage:
            # The previous process served it when it ended, or kept no row of it, and alone knows until when.
            # Its word says nothing about a stream that it no longer served, or whose rows are lost.
            known.append(since_ns)
        times = [min(ns, at_ns) for ns in known if ns is not None]
        self._begin_outage(stream, max(times, default=None), cause, silent=silent)
        return gaps

    def served(self, channel: str, symbol: str, conn: str, at_ns: int) -> list[Gap]:
        """The exchange has proved that it serves the stream on this connection."""
        stream = self._stream(channel, symbol)
        stream.joins(conn)
        # Where ids prove, the next message decides; the exchange's answer is not enough.
        return [] if self._by_ids(stream) else self._end_outage(stream, at_ns)

    def unsubscribed(self, channel: str, symbol: str, conn: str, until_ns: int, cause: str) -> list[Gap]:
        """A connection no longer serves the stream; it heard its last at ``until_ns``."""
        stream = self._stream(channel, symbol)
        if conn in stream.alive:
            stream.alive.remove(conn)
            stream.until_ns = max(until_ns, stream.until_ns or until_ns)
            if not stream.alive and stream.asked:  # its replacement does not serve yet
                cause = _DISCONNECT if cause == _REPLACED else cause
                self._begin_outage(stream, stream.known_ns, cause, replaced=True)
        elif conn in stream.asked:
            stream.asked.remove(conn)
            if stream.outage is not None and not stream.alive and not stream.asked:
                stream.outage.left_ns = until_ns
        stream.fresh.pop(conn, None)
        return self._settle(stream, until_ns)

    def message(
        self,
        channel: str,
        symbol: str,
        conn: str,
        at_ns: int,
        gap: IdGap | None,
        *,
        anew: bool = False,
        renumbered: bool = False,
    ) -> list[Gap]:
        """Take a message of the stream; ``gap``: the gap that its ids show before it.

        ``anew``: the exchange began the book anew with it, which loses nothing on a living connection.
        ``renumbered``: its numbers began anew, so that no other connection can deliver what lies between.
        """
        stream = self._streams.get((channel, symbol)) or self._stream(channel, symbol)
        cause = stream.fresh.pop(conn, _EXCHANGE) if stream.fresh else _EXCHANGE
        gaps: list[Gap] = []
        if stream.outage is not None or stream.asked:
            stream.joins(conn)
            gaps += self._end_outage(stream, at_ns)
        if stream.after_damage:
            stream.after_damage = False
            if cause == _EXCHANGE:  # the connection may have begun in the lost rows
                cause = _DAMAGED
        if gap is not None and cause != _START and not (anew and cause == _EXCHANGE):
            if len(stream.alive) > 1 and not renumbered:
                stream.waiting.append((gap, cause))
            else:
                gaps.append(gap_by_ids(gap, gap.from_id, gap.to_id, gap.missing, cause))
        if stream.waiting:
            gaps += self._settle(stream, at_ns)
        stream.last_ns = at_ns
        return gaps

    def renumbered(self, channel: str, symbol: str, missing: Sequence[tuple[int, int]]) -> list[Gap]:
        """The exchange's ids start anew. The old ids that are ``missing``, as (first, last), stay missing.

        To be called before `message`: a waiting gap can no longer be compared with the ids that follow.
        """
        stream = self._stream(channel, symbol)
        waiting, stream.waiting = stream.waiting, []
        return [left for gap, cause in waiting for left in _left_of(gap, cause, missing)]

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
        """Record a gap of unknown size; ``why``: how it was detected.

        ``elsewhere``: whether another connection delivered the messages; None: if there is one, it did.
        """
        stream = self._stream(channel, symbol)
        if elsewhere is None:
            elsewhere = len(stream.alive) > 1
        if self._consecutive(channel) or elsewhere:
            return []  # ids show it exactly, or another connection fills it
        return [Gap(channel, symbol, from_ns, to_ns, None, None, None, _EXCHANGE, note=why)]

    def outages(self, now_ns: int) -> list[Gap]:
        """A gap for each stream that is asked for and not proved to be served, until now."""
        gaps = []
        for _, stream in sorted(self._streams.items()):
            outage = stream.outage
            if outage is None:
                continue
            until_ns = now_ns if stream.asked else outage.left_ns
            outage.left_ns = None
            if until_ns is not None and outage.from_ns < until_ns:
                outage.told = True
                gaps.append(stream.gap_of(outage, until_ns))
        return gaps

    def is_served(self, channel: str, symbol: str, newcomer: str) -> bool:
        """Whether another connection of the newcomer's process serves the stream now."""
        stream = self._streams.get((channel, symbol))
        process = process_of(newcomer)
        return stream is not None and any(process_of(conn) == process for conn in stream.alive)

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

    def _by_ids(self, stream: StreamLedger) -> bool:
        """Whether the next message will show what is missing, counted from the last known id."""
        known = self._observed.last(stream.channel, stream.symbol)
        return known is not None and self._consecutive(stream.channel)

    def _begin_outage(
        self,
        stream: StreamLedger,
        from_ns: int | None,
        cause: str,
        *,
        silent: bool = False,
        replaced: bool = False,
    ) -> None:
        """Nobody serves the stream since ``from_ns``; None: no message of it was ever kept."""
        if stream.outage is None and from_ns is not None and (silent or not self._by_ids(stream)):
            stream.outage = Outage(from_ns, cause, silent, replaced=replaced)

    def _end_outage(self, stream: StreamLedger, at_ns: int) -> list[Gap]:
        """The stream is served again. Returns the gap that its outage leaves."""
        outage, stream.outage = stream.outage, None
        if outage is None:
            return []
        stream.after_damage = stream.after_damage and self._by_ids(stream)
        if outage.replaced and not outage.told and at_ns <= outage.from_ns <= at_ns + ROW_ORDER_NS:
            return []  # the replacement served before the old connection ended; only its row came later
        gap = stream.gap_of(outage, at_ns)
        if not (outage.silent and self._by_ids(stream)):
            return [gap]
        return [replace(gap, status="filled", note=_GOES_ON)] if outage.told else []

    def _settle(self, stream: StreamLedger, at_ns: int) -> list[Gap]:
        """What is left of the waiting gaps that no other connection fills any more.

        The last connection has what it received before the others ended, though its rows may follow theirs.
        """
        patience = WAIT_NS if len(stream.alive) > 1 else ROW_ORDER_NS
        gaps, waiting = [], []
        for gap, cause in stream.waiting:
            if stream.alive and at_ns - gap.to_ns <= patience:
                waiting.append((gap, cause))
                continue
            missing = self._observed.open_gaps(stream.channel, stream.symbol, gap.from_id + 1, gap.to_id)
            gaps += _left_of(gap, cause, missing)
        stream.waiting = waiting
        return gaps


def _left_of(gap: IdGap, cause: str, missing: Iterable[tuple[int, int]]) -> list[Gap]:
    """What is left of a waiting gap, by the ids of its stream that are ``missing``, as (first, last)."""
    inside = [(first, last) for first, last in missing if first > gap.from_id and last <= gap.to_id]
    if gap.missing is None:
        return [gap_by_ids(gap, gap.from_id, gap.to_id, None, cause)] if inside else []
    return [gap_by_ids(gap, first - 1, last + 1, last - first + 1, cause) for first, last in inside]
