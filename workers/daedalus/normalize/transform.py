"""Raw rows to tables: the pure function at the heart of the room.

`Transform` takes the raw rows of one segment in their order and what the segments before it left to know
(`Checkpoint`); it gives the rows of the tables, the ledger and the checkpoint for the next segment. It knows
neither clock nor disk: the same rows and the same checkpoint give the same tables, on a Pi or over a lake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, BinaryIO

import msgspec
import pyarrow as pa
from msgspec import Meta, Struct

from ..exchanges.continuity import Continuity
from ..exchanges.model import Channel, Data, Exchange, Header, Proof
from ..exchanges.reading import UNREADABLE, number_of
from ..store.raw import CONNECTION, UNKNOWN, RawKind, RawRecord
from ..tables.book_digests import BookDigest
from ..tables.columns import gap_batch, link_batch
from ..tables.connections import LinkEvent
from ..tables.entry import Entry
from ..tables.exact_values import ExactValue
from ..tables.gaps import Gap
from ..tables.registry import table_of
from ..tables.rows import BookUpdate, Instrument, Row
from .book_failover import BookFailover, Piece
from .books import Books, Checks
from .days import date_of, filed_ns
from .dedup import Deduplication
from .dedup_window import SeenContent, SeenIds
from .digits import exact_values, inexact
from .gap_resolution import GapTracker, Resolution
from .ledger import Ledger, no_book
from .ordering import Bucket, Ordering
from .renumbering import Renumbering
from .state import Checkpoint, Counts

__all__ = ["Checkpoint", "Counts", "Transform"]

_Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]
_ROWS = {
    RawKind.MESSAGE.value: "stream",
    RawKind.SNAPSHOT.value: "stream",
    RawKind.BACKFILL.value: "backfill",
}


class _Note(Struct):
    """The payload of the recorder's own rows."""

    cause: str | None = None
    reason: str | None = None
    url: str | None = None
    since_ns: _Time | None = None
    heard_ns: _Time | None = None
    from_ns: _Time | None = None
    missing: int | None = None
    served: bool = True
    silent: bool = False


_note = msgspec.json.Decoder(_Note).decode
_resolution = msgspec.json.Decoder(Resolution).decode


class Transform:
    """The function, fed row by row so that a segment never lies in memory as a whole.

    ``channel`` is the partition's; ``spill`` an empty file for what has to wait (`io.BytesIO` will do).
    """

    def __init__(self, exchange: Exchange, channel: str, checkpoint: Checkpoint, spill: BinaryIO) -> None:
        self.counts = Counts()
        self._exchange = exchange
        self._channel = channel
        self._about = exchange.channels.get(channel, Channel(None))
        # The checkpoint is read again when a segment is done again: work on a copy.
        checkpoint = msgspec.convert(msgspec.to_builtins(checkpoint), Checkpoint)
        self._continuity = Continuity(exchange.channels, checkpoint.continuity)
        self._ledger = Ledger(exchange.channels, self._continuity, checkpoint.ledger, checkpoint.damaged)
        self._gap_tracker = GapTracker(exchange.channels, self._continuity, checkpoint.open_gaps)
        books = () if checkpoint.damaged else checkpoint.books
        self._books = Books(channel, self._continuity, books, self._about.depth)
        self._checks = Checks(exchange, channel, () if checkpoint.damaged else checkpoint.checks)
        # Books that begin on the stream, and whose updates have no numbers to be put in order by.
        self._fails_over = self._about.fails_over
        self._failover = BookFailover(() if checkpoint.damaged else checkpoint.failover, self._about.depth)
        ids, contents = SeenIds(checkpoint.recent), SeenContent(checkpoint.contents)
        self._dedup = Deduplication(
            exchange, channel, self._continuity, ids, contents, fails_over=self._fails_over
        )
        self._renumbering = Renumbering(channel, self._continuity, checkpoint.counts)
        self._counts_trades = self._about.consecutive and self._about.has_trades
        self._eras = dict(checkpoint.eras)
        self._ordering = Ordering(spill)
        self._links: list[LinkEvent] = []
        self._is_first = checkpoint == Checkpoint() and channel not in (CONNECTION, UNKNOWN)
        self._now_ns = 0
        self._gaps: list[Gap] | None = None

    def feed(self, records: Iterable[RawRecord]) -> None:
        """Take the next raw rows, in the order in which they were recorded."""
        for record in records:
            kind = record.kind
            self._now_ns = record.recv_ns
            if self._is_first and kind in (RawKind.MESSAGE, RawKind.SUBSCRIBED):
                # A recorder begins each of its streams with a note.
                self._is_first, self.counts.in_the_middle = False, kind == RawKind.MESSAGE
            if kind == RawKind.INSTRUMENTS:
                self._instruments(record)
            elif kind not in _ROWS:
                self._control(record)
            elif self._channel == UNKNOWN:
                self.counts.messages += 1
                self.counts.undecodable += 1
            elif self._channel != CONNECTION:
                self.counts.messages += 1
                self._message(record)

    def damage(self) -> None:
        """Rows that stood before the next ones are lost: what was followed over them begins anew."""
        self._ledger.damage()
        self._books = Books(self._channel, self._continuity, (), self._about.depth)
        self._checks = Checks(self._exchange, self._channel, ())
        self._failover = BookFailover((), self._about.depth)

    def checkpoint(self) -> Checkpoint:
        """What the next segment needs to know, once all rows are fed and `files` was asked."""
        self.files()
        return Checkpoint(
            continuity=self._continuity.state(),
            ledger=self._ledger.state(),
            eras=dict(sorted(self._eras.items())),
            open_gaps=self._gap_tracker.state(),
            recent=self._dedup.ids.state(),
            contents=self._dedup.contents.state(),
            counts=self._renumbering.state(),
            books=self._books.state(),
            checks=self._checks.state(),
            failover=self._failover.state(),
        )

    def files(self) -> list[tuple[str, str]]:
        """The (table, date) pairs of the files there will be, sorted. No row may be fed after it."""
        if self._gaps is None:
            self._gaps = self._gap_tracker.lines(self._now_ns, self._ledger.outages(self._now_ns))
            self.counts.gaps = len(self._gaps)
        own = {("gaps", date_of(gap.from_timestamp)) for gap in self._gaps}
        own |= {("connections", date_of(event.timestamp)) for event in self._links}
        return sorted(own.union(self._ordering.files()))

    def batches(self, table: str, date: str) -> Iterator[pa.RecordBatch]:
        """The content of one file, in its order."""
        if table == "gaps":
            gaps = [gap for gap in self._gaps or () if date_of(gap.from_timestamp) == date]
            yield gap_batch(sorted(gaps, key=_gap_order))
        elif table == "connections":
            yield link_batch([event for event in self._links if date_of(event.timestamp) == date])
        else:
            yield from self._ordering.batches(table, date)

    # Messages

    def _message(self, record: RawRecord) -> None:
        if self._about.table is None:
            self._ledger.message(self._channel, record.symbol, record.conn, record.recv_ns, None)
            return
        header, decode = self._read(record)
        if not isinstance(header, Data) or header.channel != self._channel:
            self.counts.undecodable += 1
            return
        try:
            rows = decode(header, record.payload)
        except UNREADABLE:
            # Its ids count as not seen: the ledger then tells of the gap it leaves.
            self.counts.undecodable += 1
            return
        if record.kind == RawKind.MESSAGE:
            rows = self._news(record, header, rows)
        elif record.kind == RawKind.BACKFILL:
            rows = self._found(record, header, rows)
        if not rows:
            return
        if not self._fails_over:
            self._take(Piece(record, header, rows))
            return
        for part in header.by_symbol():
            mine = [row for row in rows if row.symbol == part.symbol]
            for each in self._of_primary(Piece(record, part, mine)) if mine else ():
                self._take(each)

    def _of_primary(self, piece: Piece) -> list[Piece]:
        """What counts from now on of one book without numbers, of which one connection is the primary."""
        record, symbol = piece.record, piece.header.symbol
        content = self._exchange.identity(piece.header, record.payload)
        again = self._dedup.contents.seen(symbol, content, record.conn, record.recv_ns)
        self.counts.duplicates += again
        return self._failover.message(symbol, content, piece, again=again)

    def _take(self, piece: Piece) -> None:
        """Add the rows of a message to the tables."""
        record, header, rows = piece.record, piece.header, piece.rows
        is_snapshot = record.kind == RawKind.SNAPSHOT or header.is_snapshot
        for row in rows:
            self._add(record, row, self._key(header, row, is_snapshot, alone=len(rows) == 1))
        if self._about.snapshot is not None:
            self._follow(record, rows)
        if not piece.made and (texts := inexact(record.payload)):
            for row in rows:
                for value in exact_values(texts, table_of(row), row):
                    self._add(record, value, 0)

    def _read(self, record: RawRecord) -> tuple[Header, Callable[[Data, bytes], Sequence[Row]]]:
        exchange, payload = self._exchange, record.payload
        if record.kind == RawKind.SNAPSHOT:
            return exchange.classify_snapshot(record.symbol, payload), exchange.normalize
        if record.kind == RawKind.BACKFILL:
            header = exchange.classify_backfill(record.channel, record.symbol, payload)
            return header, exchange.normalize_backfill
        return exchange.classify_stored(record.channel, record.symbol, payload), exchange.normalize

    def _news(self, record: RawRecord, header: Data, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of a message that did not come before; takes note of its ids."""
        anew = self._renumbering.anew(rows, record.recv_ns) if self._counts_trades else set()
        new = self._dedup.of_message(record, header, rows, anew)
        duplicate = self._seen(record, header, anew)
        for part in header.more:
            duplicate &= self._seen(record, part, anew)
        if duplicate or not new:
            self.counts.duplicates += bool(rows)
            new = ()
        if self._about.checksums:
            for part in header.by_symbol():
                right_ns = self._checks.feed(record.conn, part, record.payload, record.recv_ns)
                if right_ns is not None:
                    self._lost(record, part.symbol, right_ns, "the exchange's checksum of the book differs")
        return new

    def _found(self, record: RawRecord, header: Data, rows: Sequence[Row]) -> Sequence[Row]:
        """The rows of a backfill that were missing; takes them out of the gaps."""
        # Where trades have numbers, these say what was missing.
        times = () if self._about.consecutive else self._gap_tracker.open_times(self._channel, record.symbol)
        found = self._dedup.of_backfill(header, rows, times)
        self.counts.duplicates += not found
        return found

    def _seen(self, record: RawRecord, part: Data, anew: set[str]) -> bool:
        if part.symbol in anew:
            anew.remove(part.symbol)
            observed = self._continuity.anew(part, record.recv_ns, record.conn)
        else:
            observed = self._continuity.observe(part, record.recv_ns, record.conn)
        if observed.reset:
            self._gap_tracker.anew(part.channel, part.symbol, observed.dropped, record.recv_ns)
            self._eras[part.symbol] = self._eras.get(part.symbol, 0) + 1
            self._books.anew(part.symbol, void=observed.gap is not None)
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
            self._gap_tracker.proved(gaps, record.recv_ns)
        if observed.gap is not None or gaps:
            self._books.gap(part.symbol, proved=bool(gaps))
        return observed.duplicate

    def _key(self, header: Data, row: Row, is_snapshot: bool, *, alone: bool) -> int:
        """Orders by the exchange's id; a snapshot stands after the update it ends with."""
        if not alone and self._about.consecutive and (number := number_of(row)) is not None:
            return number * 2
        if header.ids is not None:
            return header.ids.last * 2 + is_snapshot
        last = self._continuity.last(header.channel, header.symbol)
        return 0 if last is None else last * 2 + 1

    def _follow(self, record: RawRecord, rows: Sequence[Row]) -> None:
        for row in rows:
            if isinstance(row, BookUpdate):
                digest = self._books.feed(row, record.recv_ns)
                if digest is not None and self._proves(row.symbol):
                    self._add(record, digest, digest.timestamp)

    def _proves(self, symbol: str) -> bool:
        """Whether a digest may vouch for a book: where checksums are the proof, they must agree."""
        return self._about.proof is not Proof.CHECKSUM or self._checks.agreed(symbol)

    def _add(self, record: RawRecord, row: Row | BookDigest | ExactValue | Instrument, key: int) -> None:
        when = row.expiry if isinstance(row, Instrument) else row.timestamp
        timestamp = record.recv_ns if when is None or isinstance(row, Instrument) else when
        era = self._eras.get(row.symbol, 0) if self._eras else 0
        bucket = Bucket(table_of(row), date_of(filed_ns(record, timestamp)), row.symbol, era)
        source = _ROWS.get(record.kind, "stream")
        self._ordering.add(bucket, Entry(key, timestamp, record.recv_ns, source, row))
        self.counts.rows += 1

    # Notes of the recorder

    def _instruments(self, record: RawRecord) -> None:
        try:
            for each in self._exchange.instruments(record.payload):
                self._add(record, each, record.recv_ns)
        except UNREADABLE:
            self.counts.undecodable += 1

    def _lost(self, record: RawRecord, symbol: str, from_ns: int, why: str) -> None:
        elsewhere = None
        if self._fails_over:
            elsewhere, pieces = self._failover.lost(symbol, record.conn)
            for each in pieces:
                self._take(each)
        gaps = self._ledger.lost(record.channel, symbol, from_ns, record.recv_ns, why, elsewhere=elsewhere)
        self._gap_tracker.proved(gaps, record.recv_ns)
        if gaps:
            self._books.gap(symbol, proved=True)

    def _control(self, record: RawRecord) -> None:
        try:
            if record.kind == RawKind.GAP:
                resolution = _resolution(record.payload)
                self._gap_tracker.resolved(record.channel, record.symbol, resolution, record.recv_ns)
                return
            note = _note(record.payload)
        except UNREADABLE:
            self.counts.undecodable += 1
            return
        at_ns, conn = record.recv_ns, record.conn
        channel, symbol = record.channel, record.symbol
        if record.kind == RawKind.SUBSCRIBED:
            if self._fails_over:
                self._failover.begun(symbol, conn)
            alone = not self._ledger.is_served(channel, symbol, conn)
            gaps = self._ledger.subscribed(
                channel,
                symbol,
                conn,
                at_ns,
                note.cause or "unknown",
                note.since_ns,
                silent=note.silent,
            )
            if note.served:  # older recordings hold no proof: what was asked for counts as served
                gaps += self._ledger.served(channel, symbol, conn, at_ns)
            self._gap_tracker.proved(gaps, at_ns)
            if alone and not self._about.consecutive:
                self._books.gap(symbol, proved=True)  # where ids prove, they say whether anything is missing
        elif record.kind == RawKind.SERVED:
            gaps = self._ledger.served(channel, symbol, conn, at_ns)
            self._gap_tracker.proved(gaps, at_ns)
            if gaps:
                self._books.gap(symbol, proved=True)
        elif record.kind == RawKind.UNSUBSCRIBED:
            until_ns = at_ns if note.heard_ns is None else min(note.heard_ns, at_ns)
            gaps = self._ledger.unsubscribed(channel, symbol, conn, until_ns, note.cause or "unknown")
            self._gap_tracker.proved(gaps, at_ns)
            if not note.silent:  # else the connection goes on, and its other books with it
                self._checks.over(conn)
            if self._fails_over:
                for each in self._failover.closed(symbol, conn):
                    self._take(each)
        elif record.kind == RawKind.LOST:
            count = "frames" if note.missing is None else f"{note.missing:,} frames"
            why = f"{count} of the connection are missing"
            self._lost(record, symbol, min(note.from_ns or at_ns, at_ns), why)
        elif record.kind == RawKind.NO_BOOK:
            self._gap_tracker.stands(no_book(channel, symbol, note.since_ns, at_ns, note.reason))
        elif record.kind == RawKind.OPEN:
            self._links.append(LinkEvent(conn, "open", at_ns, url=note.url))
        elif record.kind == RawKind.CLOSE:
            self._links.append(LinkEvent(conn, "close", at_ns, cause=note.cause, reason=note.reason))


def _gap_order(gap: Gap) -> tuple[str, str, int]:
    return gap.channel, gap.symbol, gap.from_timestamp
