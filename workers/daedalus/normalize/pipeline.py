"""From raw rows to tables: the pure function at the heart of the room, stage after stage.

    raw row ─▶ decode ─▶ deduplicate ─▶ follow gaps ─▶ books ─▶ order ─▶ write

    decode        decode.py         raw row            → Message, Instruments, StreamNote, Loss
    deduplicate   deduplicate.py    Message            → its new rows; what its ids prove
    (books only)  book_checksums.py Message            → Loss, where the exchange's checksum differs
                  book_failover.py  Messages, Loss     → the Messages of the primary
    follow gaps   gaps.py           ids, Losses, Notes → Gaps; what they mean for the books
    books         books.py          Messages, events   → BookDigests
    order         order.py          Messages, digests  → sorted batches, by table and day
    write         write.py          batches            → Parquet files (called by segment.py)

No stage reads another's state. What it needs is handed to it here; only the ids that were observed so far are
shared, to be read (`deduplicate.ObservedIds`). The pipeline knows neither clock nor disk: the same rows and
the same checkpoint give the same tables and the same next checkpoint, on a Pi or over a lake.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

import msgspec
import pyarrow as pa
from msgspec import Struct

from ..exchanges.continuity import Continuity, Observation
from ..exchanges.model import Channel, Data, Exchange
from ..store.notes import Resolution
from ..store.raw import CONNECTION, UNKNOWN, RawKind, RawRecord
from ..tables.book_digests import BookDigest
from ..tables.connections import ConnectionEvent
from .book_checksums import BookChecksums
from .book_failover import BookFailover
from .books import Books
from .checkpoint import Checkpoint
from .decode import SOURCES, Instruments, Loss, Message, decode, read_note
from .deduplicate import Deduplication
from .gaps import BookEvent, Gaps, Renumbered
from .order import Ordering

__all__ = ["Counts", "Pipeline"]

_MESSAGE = RawKind.MESSAGE.value
_NO_LOSSES: Sequence[Loss] = ()
_NO_DIGESTS: Sequence[BookDigest] = ()


class Counts(Struct):
    """What a segment held. ``rows`` are entries of tables: a book update is one, whatever its levels.

    ``in_the_middle``: it goes on with streams whose beginning is not known.
    """

    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0
    in_the_middle: bool = False


class Pipeline:
    """The stages of one segment, fed row by row, so that a segment never lies in memory as a whole.

    ``channel`` is the partition's; ``spill`` an empty file for rows that do not fit in memory (`io.BytesIO`
    will do).
    """

    def __init__(self, exchange: Exchange, channel: str, checkpoint: Checkpoint, spill: BinaryIO) -> None:
        self.counts = Counts()
        self._exchange = exchange
        self._channel = channel
        self._spec = spec = exchange.channels.get(channel, Channel(None))
        self._has_books = spec.snapshot is not None
        self._has_table = spec.table is not None
        self._is_first = checkpoint == Checkpoint() and channel not in (CONNECTION, UNKNOWN)
        self._now_ns = 0
        self._is_finished = False
        # The checkpoint is read again when a segment is done again: work on a copy.
        left = msgspec.convert(msgspec.to_builtins(checkpoint), Checkpoint)
        observed = Continuity(exchange.channels, left.deduplication.continuity)
        self._deduplication = Deduplication(exchange, channel, observed, left.deduplication)
        self._checksums = BookChecksums(exchange, channel, left.checksums)
        self._failover = BookFailover(left.failover, spec.depth) if spec.fails_over else None
        self._gaps = Gaps(exchange.channels, channel, observed, left.gaps)
        self._books = Books(channel, observed, left.books, spec.depth)
        self._ordering = Ordering(spec, observed, left.eras, spill)
        if left.damaged:
            self.damage()

    # Rows in

    def feed(self, records: Iterable[RawRecord]) -> None:
        """Take the next raw rows, in the order in which they were recorded."""
        for record in records:
            kind = record.kind
            self._now_ns = record.recv_ns
            if self._is_first and kind in (RawKind.MESSAGE, RawKind.SUBSCRIBED):
                # A recorder begins each of its streams with a note.
                self._is_first, self.counts.in_the_middle = False, kind == RawKind.MESSAGE
            if kind in SOURCES:
                if self._channel != CONNECTION:
                    self.counts.messages += 1
                    if self._has_table:
                        self._decode(record)
                    else:
                        self._raw_only(record)
            elif kind == RawKind.INSTRUMENTS:
                self._decode(record)
            else:
                self._note(record)

    def damage(self) -> None:
        """Rows that stood before the next ones are lost: what was followed over them begins anew."""
        self._gaps.damage()
        self._books.forget()
        self._checksums.forget()
        if self._failover is not None:
            self._failover.forget()

    # Tables and checkpoint out

    def files(self) -> list[tuple[str, str]]:
        """The (table, date) pairs of the files there will be, sorted. No row may be fed after it."""
        if not self._is_finished:
            self._is_finished = True
            lines = self._gaps.lines(self._now_ns)
            self._ordering.ledger(lines)
            self.counts.gaps, self.counts.rows = len(lines), self._ordering.count
        return self._ordering.files()

    def batches(self, table: str, date: str) -> Iterator[pa.RecordBatch]:
        """The content of one file, in its order."""
        return self._ordering.batches(table, date)

    def checkpoint(self) -> Checkpoint:
        """What the next segment needs to know, once all rows are fed."""
        self.files()
        return Checkpoint(
            deduplication=self._deduplication.state(),
            checksums=self._checksums.state(),
            failover=[] if self._failover is None else self._failover.state(),
            gaps=self._gaps.state(),
            books=self._books.state(),
            eras=self._ordering.state(),
        )

    # A row's way

    def _raw_only(self, record: RawRecord) -> None:
        """A message that no table takes: the stream is alive."""
        if self._channel == UNKNOWN:
            self.counts.undecodable += 1
        else:
            self._gaps.heard(record)

    def _decode(self, record: RawRecord) -> None:
        content = decode(self._exchange, record)
        if isinstance(content, Message) and content.header.channel == self._channel:
            self._message(content)
        elif isinstance(content, Instruments):
            self._ordering.instruments(content)
        else:
            # The ids of a message that cannot be decoded count as missing: the ledger tells of them.
            self.counts.undecodable += 1

    def _message(self, message: Message) -> None:
        record, losses = message.record, _NO_LOSSES
        if record.kind == _MESSAGE:
            found = self._deduplication.of_message(message)
            if self._spec.checksums:
                losses = self._checksums.compare(message)
        elif record.kind == RawKind.SNAPSHOT:
            found = self._deduplication.of_snapshot(message)
        else:
            times = () if self._spec.consecutive else self._gaps.open_times(record)
            found = self._deduplication.of_backfill(message, times)
        self.counts.duplicates += found.duplicates
        self._follow(record, found.messages, found.observations, losses)

    def _note(self, record: RawRecord) -> None:
        note = read_note(record)
        if note is None:
            self.counts.undecodable += 1
        elif isinstance(note, ConnectionEvent):
            self._ordering.connection(note)
        elif isinstance(note, Resolution):
            self._gaps.resolved(record, note)
        elif isinstance(note, Loss):
            self._follow(record, losses=(note,))
        else:
            messages = () if self._failover is None else self._failover.note(record)
            self._checksums.note(record, note)
            self._interrupt(self._gaps.note(record, note))
            self._write(messages)

    def _follow(
        self,
        record: RawRecord,
        messages: Sequence[Message] = (),
        observations: Sequence[tuple[Data, Observation]] = (),
        losses: Sequence[Loss] = (),
    ) -> None:
        if self._failover is not None:
            messages, losses = self._failover.choose(record.conn, messages, losses)
        events = self._gaps.follow(record, observations, losses)
        if events:
            self._interrupt(events)
        self._write(messages)

    def _interrupt(self, events: Sequence[BookEvent]) -> None:
        for event in events:
            self._books.interrupt(event)
            if isinstance(event, Renumbered):
                self._ordering.renumbered(event.symbol)

    def _write(self, messages: Sequence[Message]) -> None:
        for message in messages:
            digests = self._books.apply(message) if self._has_books else _NO_DIGESTS
            if digests:
                digests = [digest for digest in digests if self._checksums.vouches(digest.symbol)]
            self._ordering.add(message, digests)
