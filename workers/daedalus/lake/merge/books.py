"""The digests of merged books: what each book is at each full minute, as a recorder of both would have it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pyarrow as pa

from ...tables.gaps import Gap
from ...tables.registry import TABLES
from ..books.messages import Message, Messages
from ..books.replay import BookReplay
from ..days import MINUTE_NS, day_of

__all__ = ["MergedBooks"]


class MergedBooks:
    """The books of one channel. ``digested``: the symbols and minutes (UTC ns) that may have a digest.

    Where the exchange's checksums are the proof, only a recorder has compared them, and left a digest where
    they agreed. None: every minute may have one.
    """

    def __init__(self, exchange: str, channel: str, digested: set[tuple[str, int]] | None) -> None:
        self._exchange, self._channel, self._digested = exchange, channel, digested
        self._replays: dict[str, BookReplay] = {}
        self._minutes: dict[str, int] = {}
        self._digests: dict[str, list[dict[str, Any]]] = {}

    def expect_gaps(self, symbol: str, gaps: Iterable[Gap]) -> None:
        """What both recorders missed of a book."""
        self._replay(symbol).expect_gaps(gap for gap in gaps if gap.status != "filled")

    def follow(self, symbol: str, rows: pa.Table) -> None:
        """Replay the merged updates of a book, which are those of the next day."""
        messages = Messages(symbol)
        for batch in rows.combine_chunks().to_batches():
            for message in messages.feed(batch):
                self._step(symbol, message)
        for message in messages.end():
            self._step(symbol, message)

    def digests(self) -> Iterator[tuple[str, pa.Table]]:
        """The rows of ``book_digests`` by day."""
        schema = TABLES["book_digests"].schema
        for date, digests in sorted(self._digests.items()):
            digests.sort(key=lambda row: (row["symbol"], row["timestamp"]))
            columns = [pa.array([row[field.name] for row in digests], field.type) for field in schema]
            yield date, pa.table(columns, schema=schema)

    def _step(self, symbol: str, message: Message) -> None:
        replay = self._replay(symbol)
        minute = message.local_ns // MINUTE_NS
        if minute > self._minutes.setdefault(symbol, minute):
            self._minutes[symbol] = minute
            replay.prepare(message)
            at = minute * MINUTE_NS
            if replay.certain and (self._digested is None or (symbol, at) in self._digested):
                book = replay.book
                digest = {
                    "symbol": symbol,
                    "timestamp": at,
                    "local_timestamp": message.local_ns,
                    "last_id": book.last_id,
                    "bids": len(book.bids),
                    "asks": len(book.asks),
                    "digest": book.digest(),
                }
                self._digests.setdefault(day_of(at), []).append(digest)
        replay.feed(message)

    def _replay(self, symbol: str) -> BookReplay:
        if symbol not in self._replays:
            self._replays[symbol] = BookReplay.of_channel(self._exchange, self._channel, symbol)
        return self._replays[symbol]
