"""The books of one partition, followed over its raw rows: digests every minute, and the exchange's checksums.

What a reader rebuilds from the lake's tables can be compared with what the book was, because here it is
followed in the order of arrival, before anything is sorted or made columnar.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from ..exchanges.continuity import Continuity
from ..exchanges.model import BookCheck, Data, Exchange
from ..exchanges.orderbook import Book
from ..tables.book_digests import BookDigest
from ..tables.rows import BookUpdate

__all__ = ["BookState", "Books", "CheckState", "Checks"]

MINUTE_NS = 60_000_000_000
_HELD = 4096
_CARRIED = 256
"""Updates that wait for a snapshot, over a segment's end: it comes within seconds, or later ones will do."""


class BookState(Struct, frozen=True):
    """A book between two segments; becomes JSON as it is. ``recv_ns``: of its last message.

    ``waiting``: what came while there was no book, for the snapshot that is on its way.
    """

    symbol: str
    recv_ns: int
    book: bytes
    waiting: list[BookUpdate] = []


class _Followed(Struct):
    book: Book
    recv_ns: int
    # Updates behind a gap that another connection may still fill; None: there is no such gap.
    held: list[BookUpdate] | None = None


class Books:
    """Follows the books of one channel; ``depth``: that of the channel."""

    def __init__(
        self, channel: str, continuity: Continuity, state: Sequence[BookState], depth: int | None = None
    ) -> None:
        self._channel = channel
        self._continuity = continuity
        self._depth = depth
        self._books = {each.symbol: _Followed(Book.unpack(each.book, depth), each.recv_ns) for each in state}
        for each in state:
            for update in each.waiting:
                self._books[each.symbol].book.apply(update)

    def feed(self, update: BookUpdate, recv_ns: int) -> BookDigest | None:
        """Take an update; the digest of the minute that is over with it, if any."""
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
            self._release(update.symbol, followed)
        return digest

    def gap(self, symbol: str, proved: bool) -> None:
        """Something is missing before the next update; not ``proved``: another connection may bring it."""
        followed = self._books.get(symbol)
        if followed is None:
            return
        if proved:
            followed.held = None
            followed.book.void()
        elif followed.held is None and followed.book.synced:
            followed.held = []

    def anew(self, symbol: str, void: bool) -> None:
        """The exchange counts anew; ``void``: with a new book, else it goes on with the one there is."""
        followed = self._books.get(symbol)
        if followed is not None:
            followed.held = None
            followed.book.last_id = None
            if void:
                followed.book.void()

    def state(self) -> list[BookState]:
        """What the next segment needs, by symbol. What was held back is not worth carrying: it is void."""
        return [
            BookState(
                symbol,
                each.recv_ns,
                each.book.pack() if each.held is None else b"",
                each.book.waiting[-_CARRIED:],
            )
            for symbol, each in sorted(self._books.items())
        ]

    def _release(self, symbol: str, followed: _Followed) -> None:
        held = followed.held
        assert held is not None
        last_id = followed.book.last_id
        if last_id is not None and self._continuity.open_gaps(self._channel, symbol, last_id + 1):
            if len(held) > _HELD:
                self.gap(symbol, proved=True)
            return
        followed.held = None
        for update in sorted(held, key=lambda each: each.last_id or 0):
            followed.book.apply(update)


def _digest(symbol: str, followed: _Followed, now_ns: int) -> BookDigest | None:
    book = followed.book
    if not book.synced or followed.held is not None:
        return None
    minute = now_ns // MINUTE_NS * MINUTE_NS
    return BookDigest(symbol, minute, book.last_id, len(book.bids), len(book.asks), book.digest())


class CheckState(Struct, frozen=True):
    """A check of one connection's book between two segments; becomes JSON as it is.

    ``agrees``: its last message's checksum did (None: written before this was kept).
    """

    conn: str
    symbol: str
    state: bytes
    broken: bool
    right_ns: int
    agrees: bool | None = None


class _Checked(Struct):
    check: BookCheck
    broken: bool = False
    right_ns: int = 0
    agrees: bool = False
    agreed: bool = False  # before the last message


class Checks:
    """The exchange's checksums, each connection's books by themselves; nothing where it sends none."""

    def __init__(self, exchange: Exchange, channel: str, state: Iterable[CheckState]) -> None:
        self._exchange = exchange
        self._channel = channel
        self._checked: dict[tuple[str, str], _Checked | None] = {}
        for each in state:
            check = exchange.book_check(channel, each.symbol, each.state)
            if check is not None:
                agrees = each.right_ns > 0 and not each.broken if each.agrees is None else each.agrees
                self._checked[each.conn, each.symbol] = _Checked(check, each.broken, each.right_ns, agrees)

    def feed(self, conn: str, header: Data, payload: bytes, recv_ns: int) -> int | None:
        """Take a message; where the book has just turned out wrong, the time when it was last right."""
        key = conn, header.symbol
        if key not in self._checked:
            made = self._exchange.book_check(self._channel, header.symbol)
            self._checked[key] = None if made is None else _Checked(made)
        checked = self._checked[key]
        if checked is None:
            return None
        right = checked.check.apply(header, payload)
        checked.agreed, checked.agrees = checked.agrees, right is True
        if header.is_snapshot:
            checked.broken = False
        if right is None:
            return None
        if right:
            checked.right_ns = recv_ns
            return None
        if checked.broken:
            return None
        checked.broken = True
        return checked.right_ns or recv_ns

    def agreed(self, symbol: str) -> bool:
        """Whether the book, as it was before the last message, had the exchange's own checksum."""
        checked = (each for (_, of), each in self._checked.items() if of == symbol)
        return any(each is not None and each.agreed for each in checked)

    def over(self, conn: str) -> None:
        """A connection has ended, and its books with it."""
        for key in [key for key in self._checked if key[0] == conn]:
            del self._checked[key]

    def state(self) -> list[CheckState]:
        """What the next segment needs."""
        return [
            CheckState(conn, symbol, each.check.state(), each.broken, each.right_ns, each.agrees)
            for (conn, symbol), each in sorted(self._checked.items())
            if each is not None
        ]
