"""The table ``book_digests``."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from .table import LOCAL_TIMESTAMP, SYMBOL, TIMESTAMP, Column, Table

__all__ = ["BOOK_DIGESTS", "BookDigest"]


class BookDigest(Struct, frozen=True, gc=False):
    """The checksum of a book at a full minute. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int
    last_id: int | None
    bids: int
    asks: int
    digest: int


BOOK_DIGESTS = Table(
    "book_digests",
    BookDigest,
    "The checksum of each book at each full minute, computed from raw: a book rebuilt from `book_updates`\n"
    "must have the same. Raw that is normalized without the checkpoint before it (`tables/carry`) has none\n"
    "until the next snapshot, and normalize's log says so. Where the exchange's checksums are the proof\n"
    "(Kraken), there are digests only while these agree.",
    (
        SYMBOL,
        replace(TIMESTAMP, meaning="the full minute"),
        replace(LOCAL_TIMESTAMP, meaning="when the first message after that minute was received"),
        Column(
            "last_id", "int64", "the last update in the book; null where there are no ids", encoding="delta"
        ),
        Column("bids", "int32", "how many levels of bids", required=True),
        Column("asks", "int32", "how many levels of asks", required=True),
        Column("digest", "int64", "`daedalus.exchanges.orderbook.Book.digest`", required=True),
    ),
)
