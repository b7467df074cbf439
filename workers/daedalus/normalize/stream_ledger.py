"""What the ledger remembers of one stream, and the gaps that it makes of it."""

from __future__ import annotations

from msgspec import Struct

from ..exchanges.continuity import IdGap
from ..store.raw import process_of
from ..tables.gaps import Gap

__all__ = ["Outage", "StreamLedger", "gap_by_ids", "no_book"]

_SNAPSHOT = "snapshot"
_SILENT = "this stream alone fell silent"


class Outage(Struct):
    """A stream that no connection is proved to serve since ``from_ns`` (UTC ns), and why.

    ``silent``: the stream alone fell silent. ``told``: the ledger has a line about it. ``left_ns``: the last
    connection that was asked for the stream ended then, and the ledger has no line about it yet.
    ``replaced``: it began as a connection ended whose replacement had been asked for the stream.
    """

    from_ns: int
    cause: str
    silent: bool = False
    left_ns: int | None = None
    told: bool = False
    replaced: bool = False


class StreamLedger(Struct):
    """What is remembered of one stream; becomes JSON as it is. Times are UTC ns.

    ``last_ns``: its last message. ``until_ns``: when the connections that served it and ended heard their
    last. ``alive``: the connections that serve it; ``asked``: those that were asked to and have not proved it
    yet; ``fresh``: those of both without a message so far, with the cause of the silence before. ``outage``:
    set while nobody serves it. ``waiting``: gaps by ids that another connection may still fill, with their
    causes. ``after_damage``: rows before the next one lay in a file that cannot be read.
    """

    channel: str
    symbol: str
    last_ns: int | None = None
    until_ns: int | None = None
    alive: list[str] = []
    fresh: dict[str, str] = {}
    waiting: list[tuple[IdGap, str]] = []
    after_damage: bool = False
    asked: list[str] = []
    outage: Outage | None = None

    @property
    def known_ns(self) -> int | None:
        """Until when the stream is known to be whole, by its own rows; None if it has none."""
        return max((ns for ns in (self.last_ns, self.until_ns) if ns is not None), default=None)

    def joins(self, conn: str) -> None:
        """A connection has proved that it serves the stream."""
        if conn in self.asked:
            self.asked.remove(conn)
        if conn not in self.alive:
            self.alive.append(conn)

    def leave_others_behind(self, conn: str) -> bool:
        """Forget the connections of earlier processes, which are dead; whether there were any.

        ``conn`` itself is forgotten too: it starts anew.
        """
        process = process_of(conn)
        cut_off = any(process_of(other) != process for other in (*self.alive, *self.asked))
        self.alive = [other for other in self.alive if other != conn and process_of(other) == process]
        self.asked = [other for other in self.asked if other != conn and process_of(other) == process]
        return cut_off

    def gap_of(self, outage: Outage, to_ns: int) -> Gap:
        """The gap that an outage leaves until ``to_ns``: of unknown size."""
        begin, note = min(outage.from_ns, to_ns), _SILENT if outage.silent else None
        return Gap(self.channel, self.symbol, begin, to_ns, None, None, None, outage.cause, note=note)


def gap_by_ids(gap: IdGap, from_id: int, to_id: int, missing: int | None, cause: str) -> Gap:
    """The gap between two ids."""
    begin = min(gap.from_ns, gap.to_ns)  # the clock may have been set back in between
    return Gap(gap.channel, gap.symbol, begin, gap.to_ns, from_id, to_id, missing, cause)


def no_book(channel: str, symbol: str, since_ns: int | None, at_ns: int, why: str | None) -> Gap:
    """The time in which a book waited for its snapshot: no update is missing, but there is no book."""
    begin = min(since_ns or at_ns, at_ns)
    return Gap(
        channel, symbol, begin, at_ns, None, None, 0, _SNAPSHOT, "unfillable", 0, f"no book: {why}", at_ns
    )
