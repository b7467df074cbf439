"""Stage 5, order: each row gets its file (table and day) and its place in it (symbol, numbering, id).

The day is the exchange's, where its time is plausible. Rows are sorted by the exchange's ids; a snapshot
stands after the update it ends with. The few lines of the ledger and of the connections stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import BinaryIO, TypeAlias

import pyarrow as pa

from ..exchanges.model import Channel, Data
from ..exchanges.reading import number_of
from ..exchanges.times import IMPLAUSIBLE_NS
from ..store.raw import RawKind, RawRecord
from ..tables.book_digests import BookDigest
from ..tables.columns import connection_batch, gap_batch
from ..tables.connections import ConnectionEvent
from ..tables.entry import Entry
from ..tables.exact_values import ExactValue
from ..tables.gaps import Gap
from ..tables.registry import table_of
from ..tables.rows import Instrument, Row
from .decode import SOURCES, Instruments, Message
from .deduplicate import ObservedIds
from .digits import exact_values, inexact
from .external_sort import Bucket, ExternalSort

__all__ = ["Ordering"]

_DAY_NS = 86_400_000_000_000
_HISTORY_NS = 366 * _DAY_NS
"""How much older than its arrival a row of a backfill may be."""

_SNAPSHOT = RawKind.SNAPSHOT.value

_Line: TypeAlias = Row | BookDigest | ExactValue | Instrument


class Ordering:
    """The rows of one segment's tables. ``spill``: an empty file for rows that do not fit in memory.

    ``eras``: how often the exchange's numbers have started anew, by symbol. ``count``: rows so far; a book
    update is one, whatever its levels.
    """

    def __init__(
        self, spec: Channel, observed: ObservedIds, eras: Mapping[str, int], spill: BinaryIO
    ) -> None:
        self.count = 0
        self._consecutive = spec.consecutive
        self._observed = observed
        self._eras = dict(eras)
        self._sort = ExternalSort(spill)
        self._buckets: dict[tuple[type, int, str, int], Bucket] = {}
        self._gaps: dict[str, list[Gap]] = {}
        self._connections: dict[str, list[ConnectionEvent]] = {}

    def add(self, message: Message, digests: Iterable[BookDigest]) -> None:
        """Take the rows of a message, and the digests of the books before it."""
        record, header, rows = message.record, message.header, message.rows
        source = SOURCES[record.kind]
        key = self._key(header, is_snapshot=header.is_snapshot or record.kind == _SNAPSHOT)
        if self._consecutive and len(rows) > 1:
            for row in rows:
                number = number_of(row)
                self._add(record, source, row, row.timestamp, key if number is None else number * 2)
        else:
            for row in rows:
                self._add(record, source, row, row.timestamp, key)
        for digest in digests:
            self._add(record, source, digest, digest.timestamp, digest.timestamp)
        if not message.is_derived and (texts := inexact(record.payload)):
            for row in rows:
                for value in exact_values(texts, table_of(row), row):
                    self._add(record, source, value, value.timestamp, 0)

    def instruments(self, instruments: Instruments) -> None:
        """Take an exchange's list of instruments."""
        record = instruments.record
        for each in instruments.listed:
            self._add(record, "stream", each, record.recv_ns, record.recv_ns)

    def connection(self, event: ConnectionEvent) -> None:
        """Take the beginning or the end of a connection."""
        self._connections.setdefault(_date(event.timestamp), []).append(event)

    def renumbered(self, symbol: str) -> None:
        """The exchange's numbers of a symbol start anew: its later rows stand after all so far."""
        self._eras[symbol] = self._eras.get(symbol, 0) + 1

    def ledger(self, gaps: Iterable[Gap]) -> None:
        """Take the lines of the ledger. To be called once, after all rows."""
        for gap in sorted(gaps, key=lambda gap: (gap.channel, gap.symbol, gap.from_timestamp)):
            self._gaps.setdefault(_date(gap.from_timestamp), []).append(gap)

    def files(self) -> list[tuple[str, str]]:
        """The (table, date) pairs of the files there will be, sorted. No row may be added after it."""
        own = [("gaps", date) for date in self._gaps] + [("connections", date) for date in self._connections]
        return sorted([*own, *self._sort.files()])

    def batches(self, table: str, date: str) -> Iterator[pa.RecordBatch]:
        """The rows of one file in their order, in batches of bounded size."""
        if table == "gaps":
            yield gap_batch(self._gaps.get(date, []))
        elif table == "connections":
            yield connection_batch(self._connections.get(date, []))
        else:
            yield from self._sort.batches(table, date)

    def state(self) -> dict[str, int]:
        """What the next segment needs to know: ``eras``."""
        return dict(sorted(self._eras.items()))

    def _key(self, header: Data, *, is_snapshot: bool) -> int:
        if header.ids is not None:
            return header.ids.last * 2 + is_snapshot
        last = self._observed.last(header.channel, header.symbol)
        return 0 if last is None else last * 2 + 1

    def _add(self, record: RawRecord, source: str, row: _Line, timestamp: int | None, key: int) -> None:
        recv_ns = record.recv_ns
        if timestamp is None:
            timestamp = filed_ns = recv_ns
        else:
            earlier_ns = _HISTORY_NS if source == "backfill" else IMPLAUSIBLE_NS
            is_plausible = -IMPLAUSIBLE_NS <= recv_ns - timestamp <= earlier_ns
            filed_ns = timestamp if is_plausible else recv_ns
        symbol = row.symbol
        place = type(row), filed_ns // _DAY_NS, symbol, self._eras.get(symbol, 0)
        bucket = self._buckets.get(place)
        if bucket is None:
            _, day, _, era = place
            bucket = self._buckets[place] = Bucket(table_of(row), _day(day), symbol, era)
        self._sort.add(bucket, Entry(key, timestamp, recv_ns, source, row))
        self.count += 1


def _date(ns: int) -> str:
    """The day of a time (UTC ns), as YYYY-MM-DD."""
    return _day(ns // _DAY_NS)


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 86_400, UTC):%Y-%m-%d}"
