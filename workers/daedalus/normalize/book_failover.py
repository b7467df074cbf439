"""Whose book counts, where two connections bring the same updates without numbers.

Numbers say what follows what, whichever connection brought it. Without them a snapshot of the connection
that is behind would set the book back, and an update that one connection brings late would undo a newer one.
So one connection is the primary: its messages make the table. The others stand by: their books are followed
too, and the one that is promoted begins with its own book as it was after the primary's last message.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..exchanges.model import Data
from ..exchanges.orderbook import Book
from ..store.raw import RawRecord
from ..tables.rows import BookUpdate, Row

__all__ = ["BookFailover", "FailoverState", "Piece", "StandbyState"]

_MAX_PENDING = 4096
"""Pending messages of a standby after which a primary that brought none of them has fallen silent."""

_BEHIND_NS = 10_000_000_000
"""What the primary has not delivered by then it never will: the two do not get the same messages."""


class Piece(Struct, frozen=True):
    """A message that counts, with its rows; ``made``: a snapshot of our own making."""

    record: RawRecord
    header: Data
    rows: Sequence[Row]
    made: bool = False


class StandbyState(Struct, frozen=True):
    """The book of a standby; becomes JSON as it is."""

    conn: str
    book: bytes


class FailoverState(Struct, frozen=True, rename={"primary": "leader", "standbys": "followers"}):
    """What is remembered of one symbol; becomes JSON, under the names that the files have."""

    symbol: str
    primary: str | None
    standbys: list[StandbyState]


class _Standby:
    """A connection beside the primary: its book after the primary's last message.

    ``pending``: what it has brought since. ``closed``: it has ended, but its pending messages may be some
    that the primary never delivers.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.last: Piece | None = None
        self.pending: list[tuple[bytes, Piece]] = []
        self.closed = False

    def catch_up(self, count: int) -> None:
        """Apply the first ``count`` pending messages: the primary has delivered them as well."""
        for _, piece in self.pending[:count]:
            for row in piece.rows:
                if isinstance(row, BookUpdate):
                    self.book.apply(row)
            self.last = piece
        del self.pending[:count]

    def void(self) -> None:
        self.book.void()
        self.pending.clear()

    def promoted(self, symbol: str, then: Sequence[Piece]) -> list[Piece]:
        """Its book as it was before it said ``then``, and that."""
        if not self.book.synced:
            return list(then)
        about = self.last or then[0]
        told = None if self.last is None else self.last.rows[-1].timestamp
        bids, asks = self.book.levels()
        snapshot = BookUpdate(symbol, told, is_snapshot=True, bids=bids, asks=asks)
        header = Data(about.header.channel, symbol, is_snapshot=True)
        return [Piece(about.record, header, (snapshot,), made=True), *then]


class _Stream(Struct):
    primary: str | None = None
    last_ns: int = 0
    standbys: dict[str, _Standby] = {}
    promoting: _Standby | None = None  # the new primary, while it repeats what its predecessor delivered


class BookFailover:
    """The books of one channel. What is returned counts from now on, in this order."""

    def __init__(self, state: Sequence[FailoverState] = (), depth: int | None = None) -> None:
        self._depth = depth
        self._streams: dict[str, _Stream] = {}
        for each in state:
            stream = self._streams[each.symbol] = _Stream(each.primary)
            for one in each.standbys:
                stream.standbys[one.conn] = _Standby(Book.unpack(one.book, depth))
            if each.primary in stream.standbys:
                stream.promoting = stream.standbys.pop(each.primary)

    def message(self, symbol: str, content: bytes, piece: Piece, *, again: bool) -> list[Piece]:
        """Take a message; ``again``: another connection has said the same already."""
        stream, conn, at_ns = self._of(symbol), piece.record.conn, piece.record.recv_ns
        if stream.primary is None:
            stream.primary = conn
        if stream.primary == conn:
            stream.last_ns = at_ns
            self._follow(stream, content, again)
            return self._promoted(symbol, stream, content, piece, again)
        standby = stream.standbys.get(conn)
        if standby is None:
            standby = stream.standbys[conn] = _Standby(Book(self._depth))
        standby.pending.append((content, piece))
        if again:
            standby.catch_up(len(standby.pending))
        while standby.pending and standby.pending[0][1].record.recv_ns < stream.last_ns - _BEHIND_NS:
            standby.catch_up(1)
        return self._promote(symbol, stream, conn) if len(standby.pending) > _MAX_PENDING else []

    def lost(self, symbol: str, conn: str) -> tuple[bool, list[Piece]]:
        """A connection has lost something: whether another one has it, and what of that one counts."""
        stream = self._of(symbol)
        if stream.primary not in (None, conn):
            if conn in stream.standbys:
                stream.standbys[conn].void()
            return True, []
        able = [name for name, each in stream.standbys.items() if each.book.synced and not each.closed]
        if not able:
            return False, []
        pieces = self._promote(symbol, stream, able[0])
        stream.standbys[conn] = _Standby(Book(self._depth))
        return True, pieces

    def closed(self, symbol: str, conn: str) -> list[Piece]:
        """A connection serves the symbol no more."""
        stream = self._of(symbol)
        standby = stream.standbys.get(conn)
        if standby is not None:
            standby.closed = True
            if not standby.pending:
                del stream.standbys[conn]
        if stream.primary != conn:
            return []
        stream.primary = stream.promoting = None
        if not stream.standbys:
            return []
        successor = max(stream.standbys, key=lambda name: _fitness(stream.standbys[name]))
        closed = stream.standbys[successor].closed
        pieces = self._promote(symbol, stream, successor)
        if closed:
            self._streams[symbol] = _Stream()
        return pieces

    def begun(self, symbol: str, conn: str) -> None:
        """A connection serves the symbol: those of a process before are dead, even if nobody wrote that."""
        stream = self._of(symbol)
        if stream.primary is not None and stream.primary.rpartition("-")[0] != conn.rpartition("-")[0]:
            self._streams[symbol] = _Stream()

    def state(self) -> list[FailoverState]:
        """What the next segment needs; the primary is among the standbys while it is promoted."""
        found = []
        for symbol, stream in sorted(self._streams.items()):
            books = {conn: each for conn, each in stream.standbys.items() if not each.closed}
            if stream.primary is not None and stream.promoting is not None:
                books[stream.primary] = stream.promoting
            for each in books.values():
                each.catch_up(len(each.pending))
            packed = [StandbyState(conn, each.book.pack()) for conn, each in sorted(books.items())]
            found.append(FailoverState(symbol, stream.primary, packed))
        return found

    def _of(self, symbol: str) -> _Stream:
        stream = self._streams.get(symbol)
        if stream is None:
            stream = self._streams[symbol] = _Stream()
        return stream

    def _follow(self, stream: _Stream, content: bytes, again: bool) -> None:
        """The primary has delivered this: the standbys catch up with it."""
        for conn, each in list(stream.standbys.items()):
            if again:
                said = next((n for n, (one, _) in enumerate(each.pending) if one == content), -1)
                each.catch_up(1 + said)
            behind_ns = stream.last_ns - _BEHIND_NS
            if each.closed and (not each.pending or each.pending[0][1].record.recv_ns < behind_ns):
                del stream.standbys[conn]

    def _promoted(
        self, symbol: str, stream: _Stream, content: bytes, piece: Piece, again: bool
    ) -> list[Piece]:
        """What counts of a primary's message: nothing while the one before it has said the same."""
        promoting = stream.promoting
        if promoting is None:
            return [piece]
        if again:
            promoting.pending.append((content, piece))
            promoting.catch_up(1)
            return []
        stream.promoting = None
        return promoting.promoted(symbol, [piece])

    def _promote(self, symbol: str, stream: _Stream, conn: str) -> list[Piece]:
        successor = stream.standbys.pop(conn)
        stream.primary, stream.promoting = conn, None
        if not successor.pending:
            stream.promoting = successor
            return []
        stream.last_ns = successor.pending[-1][1].record.recv_ns
        return successor.promoted(symbol, [piece for _, piece in successor.pending])


def _fitness(standby: _Standby) -> tuple[bool, bool]:
    return not standby.closed, standby.book.synced
