"""The table ``book_digests``."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from .table import LOCAL_TIMESTAMP, SYMBOL, TIMESTAMP, Column, Table

__all__ = ["BOOK_DIGESTS", "BookDigest"]


class BookDigest(Struct, frozen=True, gc=False):
    """What a book was at a full minute. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int
    last_id: int | None
    bids: int
    asks: int
    digest: int


BOOK_DIGESTS = Table(
    "book_digests",
    BookDigest,
    "What each book was at each full minute, followed over raw: a book rebuilt from `book_updates` must\n"
    "have the same. Raw that is normalized from the middle, without what the segments before it left in\n"
    "`tables/carry`, has none until the next snapshot (normalize's log says so). Where the exchange's\n"
    "checksums are the proof (Kraken), only while they agree.",
    (
        SYMBOL,
        replace(TIMESTAMP, meaning="the full minute"),
        replace(LOCAL_TIMESTAMP, meaning="when the message came that ended the minute"),
        Column(
            "last_id", "int64", "the last update in the book; null where there are no ids", encoding="delta"
        ),
        Column("bids", "int32", "how many levels of bids", required=True),
        Column("asks", "int32", "how many levels of asks", required=True),
        Column("digest", "int64", "`daedalus.exchanges.orderbook.Book.digest`", required=True),
    ),
)
