"""Which rows of a message are no duplicates: by the exchange's numbers, by ids, or by what it said.

Duplicates come from redundant and overlapping connections, from the recent trades that some exchanges send to
whoever subscribes, and from backfills, which hold more than what was missing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from ..exchanges.continuity import Continuity
from ..exchanges.model import Data, Exchange
from ..exchanges.reading import number_of
from ..store.raw import RawRecord
from ..tables.rows import AggTrade, Liquidation, Row, Trade
from .dedup_window import SeenContent, SeenIds
from .renumbering import content_of, plausible

__all__ = ["Deduplication"]

_SLACK_NS = 5_000_000_000  # between an exchange's clock and ours, also where it tells whole seconds


class Deduplication:
    """Tells new rows of one channel from duplicates. ``continuity`` knows the numbers so far.

    ``fails_over``: a book without numbers, whose duplicates `book_failover` tells.
    """

    def __init__(
        self,
        exchange: Exchange,
        channel: str,
        continuity: Continuity,
        ids: SeenIds,
        contents: SeenContent,
        *,
        fails_over: bool,
    ) -> None:
        about = exchange.channels.get(channel)
        self.ids = ids
        self.contents = contents
        self._exchange = exchange
        self._channel = channel
        self._continuity = continuity
        self._consecutive = about is not None and about.consecutive
        self._has_trades = about is not None and about.has_trades
        self._fails_over = fails_over

    def of_message(
        self, record: RawRecord, header: Data, rows: Sequence[Row], anew: AbstractSet[str] = frozenset()
    ) -> Sequence[Row]:
        """The new rows of a message. To be asked before its ids are observed.

        ``anew``: symbols whose numbers start anew with it.
        """
        if (
            not rows
            or self._fails_over
            or (header.ids is not None and (len(rows) == 1 or not self._has_trades))
        ):
            return rows  # where the message has ids of its own, they tell
        if self._has_trades:
            return self._trades(header, rows, record.recv_ns, anew)
        content = self._exchange.identity(header, record.payload)
        again = self.contents.seen(record.symbol, content, record.conn, record.recv_ns)
        return () if again else rows

    def of_backfill(
        self, header: Data, rows: Sequence[Row], times: Sequence[tuple[int, int]]
    ) -> Sequence[Row]:
        """The rows of a backfill that were missing; takes them out of the gaps.

        ``times`` (UTC ns): of the gaps that may still be filled, for channels whose trades have no numbers.
        """
        if not self._consecutive:
            return self._in_gaps(rows, times)
        missing = {
            (row.symbol, number): row
            for row in rows
            if (number := number_of(row)) is not None
            and self._continuity.missing(self._channel, row.symbol, number)
        }
        for part in (header, *header.more):  # also ids without a row: what was traded off the book
            if part.ids is not None:
                self._continuity.fill(self._channel, part.symbol, part.ids.first, part.ids.last)
        for symbol, number in missing:
            self._continuity.fill(self._channel, symbol, number, number)
        return list(missing.values())

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
            seen_id = self.ids.seen
            new = [
                row
                for row in rows
                if not isinstance(row, Trade | AggTrade)
                or not seen_id(row.symbol, row.id, _said(row, recv_ns))
            ]
        kept = {row.id for row in new if isinstance(row, Trade | AggTrade)}
        # A liquidation that was told together with its trade goes where its trade goes.
        return [row for row in new if not isinstance(row, Liquidation) or row.id is None or row.id in kept]

    def _in_gaps(self, rows: Sequence[Row], times: Sequence[tuple[int, int]]) -> Sequence[Row]:
        """Of an answer by time, which may hold far more than was asked for, what was missed."""
        return [
            row
            for row in rows
            if isinstance(row, Trade | AggTrade)
            and (at := row.timestamp) is not None
            and any(from_ns - _SLACK_NS <= at <= to_ns + _SLACK_NS for from_ns, to_ns in times)
            and not self.ids.seen(row.symbol, row.id)
        ]


def _said(row: Trade | AggTrade, recv_ns: int) -> int | None:
    """What a trade says, with its time; None where the time is wrong, as it may be right the next time."""
    at = plausible(row.timestamp, recv_ns)
    return (
        None if at is None and row.timestamp is not None else zlib.crc32(b"%d" % (at or 0), content_of(row))
    )
