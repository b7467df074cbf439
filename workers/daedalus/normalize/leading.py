"""Whose book counts, where two connections bring the same updates without numbers.

Numbers say what follows what, whichever connection brought it. Without them a snapshot of the connection
that is behind would set the book back, and an update that one connection brings late would undo a newer one.
So one connection leads: its messages make the table. The others are followed beside it, and the one that
takes over begins with its own book as it was after the leader's last message, and goes on from there.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..exchanges.model import Header, Kind
from ..exchanges.orderbook import Book
from ..store.raw import RawRecord
from ..tables.rows import BookUpdate, Row

__all__ = ["FollowerState", "LeadState", "Leading", "Piece"]

_HELD = 4096
"""Messages of a follower after which a leader that brought none of them has fallen silent."""

_BEHIND_NS = 10_000_000_000
"""What the leader has not said by then it never will: the two are not told the same, word for word."""


class Piece(Struct, frozen=True):
    """A message that counts, with its rows; ``made``: a snapshot of our own making."""

    record: RawRecord
    header: Header
    rows: Sequence[Row]
    made: bool = False


class FollowerState(Struct, frozen=True):
    """The book of a connection that does not lead; becomes JSON as it is."""

    conn: str
    book: bytes


class LeadState(Struct, frozen=True):
    """What is remembered of one symbol; becomes JSON as it is."""

    symbol: str
    leader: str | None
    followers: list[FollowerState]


class _Follower:
    """A connection beside the leader: its book after the leader's last message, and what it said since.

    ``over``: it has ended, and is kept for what the leader may not live to say.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.last: Piece | None = None
        self.since: list[tuple[bytes, Piece]] = []
        self.over = False

    def fold(self, count: int) -> None:
        """The leader has said so many of them too."""
        for _, piece in self.since[:count]:
            for row in piece.rows:
                if isinstance(row, BookUpdate):
                    self.book.apply(row)
            self.last = piece
        del self.since[:count]

    def void(self) -> None:
        self.book.void()
        self.since.clear()

    def taking_over(self, symbol: str, then: Sequence[Piece]) -> list[Piece]:
        """Its book as it was before it said ``then``, and that."""
        if not self.book.synced:
            return list(then)
        about = self.last or then[0]
        told = None if self.last is None else self.last.rows[-1].timestamp
        bids, asks = self.book.levels()
        snapshot = BookUpdate(symbol, told, is_snapshot=True, bids=bids, asks=asks)
        header = Header(Kind.DATA, about.header.channel, symbol, is_snapshot=True)
        return [Piece(about.record, header, (snapshot,), made=True), *then]


class _Led(Struct):
    leader: str | None = None
    last_ns: int = 0
    followers: dict[str, _Follower] = {}
    rising: _Follower | None = None  # the leader, while it says what the one before has said already


class Leading:
    """The books of one channel. What is returned counts from now on, in this order."""

    def __init__(self, state: Sequence[LeadState] = (), depth: int | None = None) -> None:
        self._depth = depth
        self._led: dict[str, _Led] = {}
        for each in state:
            led = self._led[each.symbol] = _Led(each.leader)
            for one in each.followers:
                led.followers[one.conn] = _Follower(Book.unpack(one.book, depth))
            if each.leader in led.followers:
                led.rising = led.followers.pop(each.leader)

    def message(self, symbol: str, content: bytes, piece: Piece, *, again: bool) -> list[Piece]:
        """Take a message; ``again``: another connection has said the same already."""
        led, conn, at_ns = self._of(symbol), piece.record.conn, piece.record.recv_ns
        if led.leader is None:
            led.leader = conn
        if led.leader == conn:
            led.last_ns = at_ns
            self._follow(led, content, again)
            return self._risen(symbol, led, content, piece, again)
        follower = led.followers.get(conn)
        if follower is None:
            follower = led.followers[conn] = _Follower(Book(self._depth))
        follower.since.append((content, piece))
        if again:
            follower.fold(len(follower.since))
        while follower.since and follower.since[0][1].record.recv_ns < led.last_ns - _BEHIND_NS:
            follower.fold(1)
        return self._hand_over(symbol, led, conn) if len(follower.since) > _HELD else []

    def lost(self, symbol: str, conn: str) -> tuple[bool, list[Piece]]:
        """A connection has lost something: whether another one has it, and what of that one counts."""
        led = self._of(symbol)
        if led.leader not in (None, conn):
            if conn in led.followers:
                led.followers[conn].void()
            return True, []
        able = [name for name, each in led.followers.items() if each.book.synced and not each.over]
        if not able:
            return False, []
        pieces = self._hand_over(symbol, led, able[0])
        led.followers[conn] = _Follower(Book(self._depth))
        return True, pieces

    def over(self, symbol: str, conn: str) -> list[Piece]:
        """A connection serves the symbol no more."""
        led = self._of(symbol)
        follower = led.followers.get(conn)
        if follower is not None:
            follower.over = True
            if not follower.since:
                del led.followers[conn]
        if led.leader != conn:
            return []
        led.leader = led.rising = None
        if not led.followers:
            return []
        successor = max(led.followers, key=lambda name: _fitness(led.followers[name]))
        ended = led.followers[successor].over
        pieces = self._hand_over(symbol, led, successor)
        if ended:
            self._led[symbol] = _Led()
        return pieces

    def begun(self, symbol: str, conn: str) -> None:
        """A connection serves the symbol: those of a process before are dead, even if nobody wrote that."""
        led = self._of(symbol)
        if led.leader is not None and led.leader.rpartition("-")[0] != conn.rpartition("-")[0]:
            self._led[symbol] = _Led()

    def state(self) -> list[LeadState]:
        """What the next segment needs; the leader is among the followers while it rises."""
        found = []
        for symbol, led in sorted(self._led.items()):
            books = {conn: each for conn, each in led.followers.items() if not each.over}
            if led.leader is not None and led.rising is not None:
                books[led.leader] = led.rising
            for each in books.values():
                each.fold(len(each.since))
            packed = [FollowerState(conn, each.book.pack()) for conn, each in sorted(books.items())]
            found.append(LeadState(symbol, led.leader, packed))
        return found

    def _of(self, symbol: str) -> _Led:
        led = self._led.get(symbol)
        if led is None:
            led = self._led[symbol] = _Led()
        return led

    def _follow(self, led: _Led, content: bytes, again: bool) -> None:
        """The leader has said this: so much of what the others said it has said too."""
        for conn, each in list(led.followers.items()):
            if again:
                each.fold(1 + next((n for n, (said, _) in enumerate(each.since) if said == content), -1))
            if each.over and (not each.since or each.since[0][1].record.recv_ns < led.last_ns - _BEHIND_NS):
                del led.followers[conn]

    def _risen(self, symbol: str, led: _Led, content: bytes, piece: Piece, again: bool) -> list[Piece]:
        """What counts of a leader's message: nothing while the one before it has said the same."""
        rising = led.rising
        if rising is None:
            return [piece]
        if again:
            rising.since.append((content, piece))
            rising.fold(1)
            return []
        led.rising = None
        return rising.taking_over(symbol, [piece])

    def _hand_over(self, symbol: str, led: _Led, conn: str) -> list[Piece]:
        successor = led.followers.pop(conn)
        led.leader, led.rising = conn, None
        if not successor.since:
            led.rising = successor
            return []
        led.last_ns = successor.since[-1][1].record.recv_ns
        return successor.taking_over(symbol, [piece for _, piece in successor.since])


def _fitness(follower: _Follower) -> tuple[bool, bool]:
    return not follower.over, follower.book.synced
