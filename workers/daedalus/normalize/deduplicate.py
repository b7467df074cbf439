"""Stage 2, deduplicate: from a message to those of its rows that did not come before.

Duplicates come from redundant and overlapping connections, from the recent trades that some exchanges send to
each new subscriber, and from backfills, which hold more than was missing. They are told by the exchange's
ids where it has them, else by the ids of single trades or by content within a window of time.

This stage alone notes which ids were observed. Later stages read them as `ObservedIds`.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Protocol

from msgspec import Struct

from ..exchanges.continuity import Continuity, Observation
from ..exchanges.model import Channel, Data, Exchange
from ..exchanges.reading import number_of
from ..exchanges.stream_state import StreamState
from ..store.raw import RawRecord
from ..tables.rows import AggTrade, Liquidation, Row, Trade
from .decode import Message
from .dedup_window import SeenContent, SeenContentState, SeenIds, SeenIdsState
from .renumbering import NewestTrades, Renumbering, content_of, plausible

__all__ = ["Deduplicated", "Deduplication", "DeduplicationState", "ObservedIds"]

_NONE: set[str] = set()
_SLACK_NS = 5_000_000_000
"""How far the exchange's clock may be from ours, whole seconds included."""


class ObservedIds(Protocol):
    """The exchange's ids that were observed so far, to read; see `daedalus.exchanges.continuity`."""

    def last(self, channel: str, symbol: str) -> int | None: ...

    def count_missing(self, channel: str, symbol: str, first: int, last: int) -> int: ...

    def open_gaps(
        self, channel: str, symbol: str, first: int | None = None, last: int | None = None
    ) -> list[tuple[int, int]]: ...


class Deduplicated(Struct, frozen=True):
    """What is left of a message, and what its ids prove.

    ``messages``: the message with its new rows, none if all are duplicates; one per symbol for books without
    numbers. ``observations``: the ids of each stream, or of each run of ids, in the message. ``duplicates``:
    how many messages brought only duplicates.
    """

    messages: Sequence[Message]
    observations: Sequence[tuple[Data, Observation]] = ()
    duplicates: int = 0


class DeduplicationState(Struct, frozen=True):
    """What one segment leaves for the next; becomes JSON as it is."""

    continuity: list[StreamState] = []
    ids: list[SeenIdsState] = []
    contents: list[SeenContentState] = []
    newest_trades: list[NewestTrades] = []


class Deduplication:
    """Finds the new rows of one channel's messages.

    ``fails_over``: two connections deliver books without numbers. Their duplicates are marked and kept, as
    the book of each connection is followed by itself.
    """

    def __init__(
        self,
        exchange: Exchange,
        channel: str,
        continuity: Continuity,
        state: DeduplicationState,
    ) -> None:
        spec = exchange.channels.get(channel, Channel(None))
        self._identity = exchange.messages.identity
        self._channel = channel
        self._continuity = continuity
        self._renumbering = Renumbering(channel, continuity, state.newest_trades)
        self._ids = SeenIds(state.ids)
        self._contents = SeenContent(state.contents)
        self._consecutive = spec.consecutive
        self._has_trades = spec.has_trades
        self._counts_trades = spec.consecutive and spec.has_trades
        self._fails_over = spec.fails_over

    def of_message(self, message: Message) -> Deduplicated:
        """Take a message off the wire, and note its ids."""
        record, header, rows = message.record, message.header, message.rows
        anew = self._renumbering.anew(rows, record.recv_ns) if self._counts_trades else _NONE
        new = rows if self._fails_over else self._new(message, anew)
        observed = self._observe(header, record, anew)
        observations = [(header, observed)]
        is_duplicate = observed.duplicate
        for part in header.more:
            observed = self._observe(part, record, anew)
            observations.append((part, observed))
            is_duplicate &= observed.duplicate
        if is_duplicate or not new:
            return Deduplicated((), observations, duplicates=1 if rows else 0)
        if self._fails_over:
            return self._by_symbol(message, observations)
        if new is not rows:
            message = Message(record, header, new)
        return Deduplicated((message,), observations)

    def of_snapshot(self, message: Message) -> Deduplicated:
        """Take the body of a snapshot: none is a duplicate."""
        if not message.rows:
            return Deduplicated(())
        return self._by_symbol(message) if self._fails_over else Deduplicated((message,))

    def of_backfill(self, message: Message, times: Sequence[tuple[int, int]]) -> Deduplicated:
        """Take the body of a backfill: those of its rows that were missing are new.

        ``times`` (UTC ns): the gaps that may still be filled, used for channels whose trades have no numbers.
        """
        rows = self._missing(message) if self._consecutive else self._in_gaps(message.rows, times)
        if not rows:
            return Deduplicated((), duplicates=1)
        found = Message(message.record, message.header, rows)
        return self._by_symbol(found) if self._fails_over else Deduplicated((found,))

    def state(self) -> DeduplicationState:
        """What the next segment needs to know."""
        return DeduplicationState(
            continuity=self._continuity.state(),
            ids=self._ids.state(),
            contents=self._contents.state(),
            newest_trades=self._renumbering.state(),
        )

    def _observe(self, part: Data, record: RawRecord, anew: set[str]) -> Observation:
        if part.symbol in anew:
            anew.remove(part.symbol)
            return self._continuity.anew(part, record.recv_ns, record.conn)
        return self._continuity.observe(part, record.recv_ns, record.conn)

    def _new(self, message: Message, anew: AbstractSet[str]) -> Sequence[Row]:
        """The new rows. ``anew``: symbols whose numbers start anew. Asked before ids are observed."""
        header, rows = message.header, message.rows
        if not rows or (header.ids is not None and (len(rows) == 1 or not self._has_trades)):
            return rows  # the message has ids of its own, which decide
        record = message.record
        if self._has_trades:
            return self._trades(header, rows, record.recv_ns, anew)
        content = self._identity(header, record.payload)
        return () if self._contents.seen(record.symbol, content, record.conn, record.recv_ns) else rows

    def _trades(
        self, header: Data, rows: Sequence[Row], recv_ns: int, anew: AbstractSet[str]
    ) -> Sequence[Row]:
        if self._consecutive and header.ids is not None:
            seen = self._continuity.seen
            new = [
                row
                for row in rows
                if row.symbol in anew
                or (at := number_of(row)) is None
                or not seen(self._channel, row.symbol, at)
            ]
        else:
            seen_id = self._ids.seen
            new = [
                row
                for row in rows
                if not isinstance(row, Trade | AggTrade)
                or not seen_id(row.symbol, row.id, _content(row, recv_ns))
            ]
        kept = {row.id for row in new if isinstance(row, Trade | AggTrade)}
        # A liquidation that came with its trade stays or goes with it.
        return [row for row in new if not isinstance(row, Liquidation) or row.id is None or row.id in kept]

    def _by_symbol(
        self, message: Message, observations: Sequence[tuple[Data, Observation]] = ()
    ) -> Deduplicated:
        """One message per symbol, each marked if another connection has delivered it before."""
        record = message.record
        found = []
        duplicates = 0
        for part in message.header.by_symbol():
            rows = [row for row in message.rows if row.symbol == part.symbol]
            if rows:
                content = self._identity(part, record.payload)
                repeated = self._contents.seen(part.symbol, content, record.conn, record.recv_ns)
                found.append(Message(record, part, rows, content, repeated))
                duplicates += repeated
        return Deduplicated(found, observations, duplicates)

    def _missing(self, message: Message) -> Sequence[Row]:
        """The rows of a backfill whose numbers are missing; from now on they are not."""
        header = message.header
        missing = {
            (row.symbol, number): row
            for row in message.rows
            if (number := number_of(row)) is not None
            and self._continuity.missing(self._channel, row.symbol, number)
        }
        for part in (header, *header.more):  # also ids without a row: trades off the book
            if part.ids is not None:
                self._continuity.fill(self._channel, part.symbol, part.ids.first, part.ids.last)
        for symbol, number in missing:
            self._continuity.fill(self._channel, symbol, number, number)
        return list(missing.values())

    def _in_gaps(self, rows: Sequence[Row], times: Sequence[tuple[int, int]]) -> Sequence[Row]:
        """The rows of an answer by time that lie in a gap; the answer may hold far more."""
        return [
            row
            for row in rows
            if isinstance(row, Trade | AggTrade)
            and (at := row.timestamp) is not None
            and any(from_ns - _SLACK_NS <= at <= to_ns + _SLACK_NS for from_ns, to_ns in times)
            and not self._ids.seen(row.symbol, row.id)
        ]


def _content(row: Trade | AggTrade, recv_ns: int) -> int | None:
    """What a trade says, with its time; None if its time is wrong, as it may be right the next time."""
    at = plausible(row.timestamp, recv_ns)
    if at is None and row.timestamp is not None:
        return None
    return zlib.crc32(b"%d" % (at or 0), content_of(row))
