"""Raw rows to tables: the pure function at the heart of the room.

`Transform` takes the raw rows of one segment in their order and what the segments before it left to know
(`Carry`); it gives the rows of the tables, the ledger and the carry for the next segment. It knows neither
clock nor disk: the same rows and the same carry give the same tables, on a Pi or over a whole lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, BinaryIO

import msgspec
import pyarrow as pa
from msgspec import Meta, Struct

from ..exchanges.base import Header, Kind, Row, Venue
from ..exchanges.continuity import Continuity, StreamState
from ..exchanges.reading import UNREADABLE
from ..store.raw import CONNECTION, UNKNOWN, RawKind, RawRecord
from .columns import Entry, Gap, LinkEvent, gap_batch, link_batch, table_of
from .ledger import Ledger, StreamLedger
from .ordering import Bucket, Ordering

__all__ = ["Carry", "Counts", "Transform"]

_Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_DAY_NS = 86_400_000_000_000
_ROWS = {
    RawKind.MESSAGE.value: "stream",
    RawKind.SNAPSHOT.value: "stream",
    RawKind.BACKFILL.value: "backfill",
}


class Carry(Struct, frozen=True):
    """What one segment leaves for the next of its partition; becomes JSON as it is.

    ``eras`` counts per symbol how often the venue's counter started anew. ``damaged`` says that the
    segment could not be read: all that was in it is missing, and the rest is as the one before left it.
    """

    continuity: list[StreamState] = []
    ledger: list[StreamLedger] = []
    eras: dict[str, int] = {}
    damaged: bool = False


class Counts(Struct):
    """What a segment held. ``rows`` are entries of tables: a book update is one, whatever its levels."""

    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0


class _Note(Struct):
    """The payload of the recorder's own rows."""

    cause: str | None = None
    reason: str | None = None
    url: str | None = None
    since_ns: _Time | None = None
    heard_ns: _Time | None = None


_note = msgspec.json.Decoder(_Note).decode


class Transform:
    """The function, fed row by row so that a segment never lies in memory as a whole.

    ``channel`` is the partition's; ``spill`` an empty file for what has to wait (`io.BytesIO` will do).
    """

    def __init__(self, venue: Venue, channel: str, carry: Carry, spill: BinaryIO) -> None:
        self.counts = Counts()
        self._venue = venue
        self._channel = channel
        known = venue.channels.get(channel)
        self._decodes = known is not None and known.table is not None
        # The carry is read again when a segment is done again: work on a copy.
        carry = msgspec.convert(msgspec.to_builtins(carry), Carry)
        self._continuity = Continuity(venue.channels, carry.continuity)
        self._ledger = Ledger(venue.channels, self._continuity, carry.ledger, carry.damaged)
        self._eras = dict(carry.eras)
        self._ordering = Ordering(spill)
        self._gaps: list[Gap] = []
        self._links: list[LinkEvent] = []

    def feed(self, records: Iterable[RawRecord]) -> None:
        """Take the next raw rows, in the order in which they were recorded."""
        for record in records:
            kind = record.kind
            if kind not in _ROWS:
                self._control(record)
            elif self._channel == UNKNOWN:
                self.counts.messages += 1
                self.counts.undecodable += 1
            elif self._channel != CONNECTION:
                self.counts.messages += 1
                self._message(record)
        self.counts.gaps = len(self._gaps)

    def carry(self) -> Carry:
        """What the next segment needs to know, once all rows are fed."""
        eras = dict(sorted(self._eras.items()))
        return Carry(self._continuity.state(), self._ledger.state(), eras)

    def files(self) -> list[tuple[str, str]]:
        """The (table, date) pairs of the files there will be, sorted."""
        own = {("gaps", _date(gap.from_timestamp)) for gap in self._gaps}
        own |= {("connections", _date(event.timestamp)) for event in self._links}
        return sorted(own.union(self._ordering.files()))

    def batches(self, table: str, date: str) -> Iterator[pa.RecordBatch]:
        """The content of one file, in its order."""
        if table == "gaps":
            gaps = [gap for gap in self._gaps if _date(gap.from_timestamp) == date]
            yield gap_batch(sorted(gaps, key=_gap_order))
        elif table == "connections":
            yield link_batch([event for event in self._links if _date(event.timestamp) == date])
        else:
            yield from self._ordering.batches(table, date)

    def _message(self, record: RawRecord) -> None:
        if not self._decodes:
            self._ledger.message(self._channel, record.symbol, record.conn, record.recv_ns, None)
            return
        is_snapshot = record.kind == RawKind.SNAPSHOT
        if is_snapshot:
            header = self._venue.classify_snapshot(record.symbol, record.payload)
        else:
            header = self._venue.classify(record.payload)
        if header.kind is not Kind.DATA or header.channel != self._channel:
            self.counts.undecodable += 1
            return
        try:
            rows = self._venue.normalize(header, record.payload)
        except UNREADABLE:
            # Its ids count as not seen: the ledger then tells of the hole it leaves.
            self.counts.undecodable += 1
            return
        if not is_snapshot and self._seen(record, header):
            self.counts.duplicates += 1
            return
        key = self._key(header, is_snapshot)
        for row in rows:
            self._add(record, row, key)

    def _seen(self, record: RawRecord, header: Header) -> bool:
        observed = self._continuity.observe(header, record.recv_ns)
        if observed.reset:
            self._eras[header.symbol] = self._eras.get(header.symbol, 0) + 1
        self._gaps += self._ledger.message(
            header.channel, header.symbol, record.conn, record.recv_ns, observed.hole
        )
        return observed.duplicate

    def _key(self, header: Header, is_snapshot: bool) -> int:
        """Orders by the venue's id; a snapshot stands after the update it ends with."""
        if header.ids is not None:
            return header.ids.last * 2 + is_snapshot
        last = self._continuity.last(header.channel, header.symbol)
        return 0 if last is None else last * 2 + 1

    def _add(self, record: RawRecord, row: Row, key: int) -> None:
        timestamp = record.recv_ns if row.timestamp is None else row.timestamp
        era = self._eras.get(row.symbol, 0) if self._eras else 0
        bucket = Bucket(table_of(row), _date(timestamp), row.symbol, era)
        self._ordering.add(bucket, Entry(key, timestamp, record.recv_ns, _ROWS[record.kind], row))
        self.counts.rows += 1

    def _control(self, record: RawRecord) -> None:
        try:
            note = _note(record.payload)
        except UNREADABLE:
            self.counts.undecodable += 1
            return
        at_ns, conn = record.recv_ns, record.conn
        if record.kind == RawKind.SUBSCRIBED:
            cause = note.cause or "unknown"
            self._gaps += self._ledger.subscribed(
                record.channel, record.symbol, conn, at_ns, cause, note.since_ns
            )
        elif record.kind == RawKind.UNSUBSCRIBED:
            until_ns = at_ns if note.heard_ns is None else min(note.heard_ns, at_ns)
            self._gaps += self._ledger.unsubscribed(record.channel, record.symbol, conn, until_ns)
        elif record.kind == RawKind.OPEN:
            self._links.append(LinkEvent(conn, "open", at_ns, url=note.url))
        elif record.kind == RawKind.CLOSE:
            self._links.append(LinkEvent(conn, "close", at_ns, cause=note.cause, reason=note.reason))


def _gap_order(gap: Gap) -> tuple[str, str, int]:
    return gap.channel, gap.symbol, gap.from_timestamp


def _date(ns: int) -> str:
    return _day(ns // _DAY_NS)


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 86_400, UTC):%Y-%m-%d}"
