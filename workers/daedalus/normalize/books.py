"""Stage 4, books: follow the books of one channel, and give a digest of each, once a minute.

A book that a reader rebuilds from the tables can be compared with these digests, because here it is followed
in the order of arrival, before rows are sorted.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..exchanges.orderbook import Book
from ..tables.book_digests import BookDigest
from ..tables.rows import BookUpdate
from .decode import Message
from .deduplicate import ObservedIds
from .gaps import BookEvent, Lost, Renumbered

__all__ = ["BookState", "Books"]

MINUTE_NS = 60_000_000_000
_MAX_HELD = 4096
_MAX_WAITING = 256
"""Updates that wait for a snapshot, kept beyond a segment's end: it comes within seconds."""


class BookState(Struct, frozen=True):
    """A book between two segments; becomes JSON as it is. ``recv_ns``: when its last message came.

    ``waiting``: updates that came while there was no book, for the snapshot that is on its way.
    """

    symbol: str
    recv_ns: int
    book: bytes
    waiting: list[BookUpdate] = []


class _Followed(Struct):
    book: Book
    recv_ns: int
    # Updates after a gap that another connection may still fill; None: there is no such gap.
    held: list[BookUpdate] | None = None


class Books:
    """The books of one channel. ``depth``: levels per side, where the channel has a limit."""

    def __init__(
        self, channel: str, observed: ObservedIds, state: Sequence[BookState] = (), depth: int | None = None
    ) -> None:
        self._channel = channel
        self._observed = observed
        self._depth = depth
        self._books = {each.symbol: _Followed(Book.unpack(each.book, depth), each.recv_ns) for each in state}
        for each in state:
            for update in each.waiting:
                self._books[each.symbol].book.apply(update)

    def apply(self, message: Message) -> list[BookDigest]:
        """Take a message's updates; the digests of the minutes that are over with them."""
        digests = []
        for row in message.rows:
            if isinstance(row, BookUpdate):
                digest = self._update(row, message.record.recv_ns)
                if digest is not None:
                    digests.append(digest)
        return digests

    def interrupt(self, event: BookEvent) -> None:
        """Take what is known of the updates before the next ones."""
        followed = self._books.get(event.symbol)
        if followed is None:
            return
        if isinstance(event, Renumbered):
            followed.held = None
            followed.book.last_id = None
            if event.is_void:
                followed.book.void()
        elif isinstance(event, Lost):
            _void(followed)
        elif followed.held is None and followed.book.synced:
            followed.held = []

    def forget(self) -> None:
        """Rows are lost: all books begin anew."""
        self._books.clear()

    def state(self) -> list[BookState]:
        """What the next segment needs to know. A book whose updates are held back is left out as void."""
        return [
            BookState(
                symbol,
                each.recv_ns,
                each.book.pack() if each.held is None else b"",
                each.book.waiting[-_MAX_WAITING:],
            )
            for symbol, each in sorted(self._books.items())
        ]

    def _update(self, update: BookUpdate, recv_ns: int) -> BookDigest | None:
        followed = self._books.get(update.symbol)
        if followed is None:
            followed = self._books[update.symbol] = _Followed(Book(self._depth), recv_ns)
        digest = None
        if recv_ns // MINUTE_NS > followed.recv_ns // MINUTE_NS:
            digest = _digest(update.symbol, followed, recv_ns)
        followed.recv_ns = recv_ns
        if followed.held is None or update.is_snapshot:
            followed.book.apply(update)
        else:
            followed.held.append(update)
            self._release(update.symbol, followed, followed.held)
        return digest

    def _release(self, symbol: str, followed: _Followed, held: list[BookUpdate]) -> None:
        """Apply the updates that were held back once the gap before them is filled."""
        last_id = followed.book.last_id
        if last_id is not None and self._observed.open_gaps(self._channel, symbol, last_id + 1):
            if len(held) > _MAX_HELD:
                _void(followed)
            return
        followed.held = None
        for update in sorted(held, key=lambda each: each.last_id or 0):
            followed.book.apply(update)


def _void(followed: _Followed) -> None:
    followed.held = None
    followed.book.void()


def _digest(symbol: str, followed: _Followed, now_ns: int) -> BookDigest | None:
    book = followed.book
    if not book.synced or followed.held is not None:
        return None
    minute = now_ns // MINUTE_NS * MINUTE_NS
    return BookDigest(symbol, minute, book.last_id, len(book.bids), len(book.asks), book.digest())
