"""Stage 3, follow gaps: from ids, losses and the recorder's notes to the lines of the ledger.

The ledger (`ledger`) proves gaps, the tracker (`gap_resolution`) follows what becomes of them. For the books
of the channel a gap is an event: from it on, a book may not be believed as before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from msgspec import Struct

from ..exchanges.continuity import Observation
from ..exchanges.model import Channel, Data
from ..store.notes import NoBookNote, Resolution, ServedNote, SubscribedNote, UnsubscribedNote
from ..store.raw import RawRecord
from ..tables.gaps import Gap
from .decode import Loss, StreamNote
from .deduplicate import ObservedIds
from .gap_resolution import GapTracker, OpenGap
from .ledger import Ledger
from .stream_ledger import StreamLedger, no_book

__all__ = ["BookEvent", "Gaps", "GapsState", "Lost", "Renumbered", "Suspected"]

_UNKNOWN = "unknown"
"""The cause of a note without one."""


class Suspected(Struct, frozen=True):
    """Updates are missing before the next one; another connection may still deliver them."""

    symbol: str


class Lost(Struct, frozen=True):
    """Updates are missing, or may be: the book is void until the next snapshot."""

    symbol: str


class Renumbered(Struct, frozen=True):
    """The exchange's numbers start anew, with a new book (``is_void``), or on the book there is."""

    symbol: str
    is_void: bool


BookEvent: TypeAlias = Suspected | Lost | Renumbered


class GapsState(Struct, frozen=True):
    """What one segment leaves for the next; becomes JSON as it is."""

    streams: list[StreamLedger] = []
    open: list[OpenGap] = []


class Gaps:
    """The gaps of one partition."""

    def __init__(
        self,
        channels: Mapping[str, Channel],
        channel: str,
        observed: ObservedIds,
        state: GapsState,
    ) -> None:
        self._ids_prove = channel in channels and channels[channel].consecutive
        self._ledger = Ledger(channels, observed, state.streams)
        self._tracker = GapTracker(channels, observed, state.open)

    def heard(self, record: RawRecord) -> None:
        """Take a message of a channel that is kept raw only: its stream is alive."""
        channel, symbol, at_ns = record.channel, record.symbol, record.recv_ns
        gaps = self._ledger.message(channel, symbol, record.conn, at_ns, None)
        if gaps:
            self._tracker.proved(gaps, at_ns)

    def follow(
        self,
        record: RawRecord,
        observations: Sequence[tuple[Data, Observation]],
        losses: Sequence[Loss] = (),
    ) -> list[BookEvent]:
        """Take what the ids of a message prove, and the losses that it shows."""
        events: list[BookEvent] = []
        for part, observed in observations:
            if observed.reset:
                waiting = self._ledger.renumbered(part.channel, part.symbol, observed.dropped)
                events += self._proved(waiting, record, part.symbol)
                self._tracker.anew(part.channel, part.symbol, observed.dropped, record.recv_ns)
                events.append(Renumbered(part.symbol, is_void=observed.gap is not None))
            gaps = self._ledger.message(
                part.channel,
                part.symbol,
                record.conn,
                record.recv_ns,
                observed.gap,
                anew=observed.reset and part.is_snapshot,
                renumbered=observed.reset,
            )
            if gaps:
                self._tracker.proved(gaps, record.recv_ns)
                events.append(Lost(part.symbol))
            elif observed.gap is not None:
                events.append(Suspected(part.symbol))
        for loss in losses:
            gaps = self._ledger.lost(
                record.channel, loss.symbol, loss.from_ns, record.recv_ns, loss.why, elsewhere=loss.elsewhere
            )
            events += self._proved(gaps, record, loss.symbol)
        return events

    def note(self, record: RawRecord, note: StreamNote) -> list[BookEvent]:
        """Take what the recorder noted of a stream: which connections were asked for it, and serve it."""
        channel, symbol, conn, at_ns = record.channel, record.symbol, record.conn, record.recv_ns
        match note:
            case SubscribedNote():
                return self._subscribed(record, note)
            case ServedNote():
                return self._proved(self._ledger.served(channel, symbol, conn, at_ns), record, symbol)
            case UnsubscribedNote(cause, heard_ns):
                until_ns = at_ns if heard_ns is None else min(heard_ns, at_ns)
                gaps = self._ledger.unsubscribed(channel, symbol, conn, until_ns, cause or _UNKNOWN)
                self._tracker.proved(gaps, at_ns)
            case NoBookNote(since_ns, reason):
                self._tracker.grows(no_book(channel, symbol, since_ns, at_ns, reason))
        return []

    def resolved(self, record: RawRecord, resolution: Resolution) -> None:
        """Take what the recorder noted of its attempt to fill a gap."""
        self._tracker.resolved(record.channel, record.symbol, resolution, record.recv_ns)

    def open_times(self, record: RawRecord) -> list[tuple[int, int]]:
        """The times (UTC ns) of the gaps in a record's stream that may still be filled."""
        return self._tracker.open_times(record.channel, record.symbol)

    def damage(self) -> None:
        """Rows are lost: each connection has to prove anew that it serves."""
        self._ledger.damage()

    def lines(self, now_ns: int) -> list[Gap]:
        """The lines of a segment that ends at ``now_ns``. To be called once, at its end."""
        return self._tracker.lines(now_ns, self._ledger.outages(now_ns))

    def state(self) -> GapsState:
        """What the next segment needs to know, after `lines`."""
        return GapsState(self._ledger.state(), self._tracker.state())

    def _subscribed(self, record: RawRecord, note: SubscribedNote) -> list[BookEvent]:
        channel, symbol, conn, at_ns = record.channel, record.symbol, record.conn, record.recv_ns
        is_alone = not self._ledger.is_served(channel, symbol, conn)
        gaps = self._ledger.subscribed(
            channel,
            symbol,
            conn,
            at_ns,
            note.cause or _UNKNOWN,
            note.since_ns,
            silent=note.silent is True,
        )
        if note.served:
            gaps += self._ledger.served(channel, symbol, conn, at_ns)
        self._tracker.proved(gaps, at_ns)
        # Where ids prove, the next message says whether anything is missing.
        return [Lost(symbol)] if is_alone and not self._ids_prove else []

    def _proved(self, gaps: Sequence[Gap], record: RawRecord, symbol: str) -> list[BookEvent]:
        self._tracker.proved(gaps, record.recv_ns)
        return [Lost(symbol)] if gaps else []
