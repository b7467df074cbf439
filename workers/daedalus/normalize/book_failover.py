"""Choose the connection whose messages make the book, where two deliver the same updates without numbers.

Numbers say what follows what, whichever connection delivers it. Without them, a snapshot from the connection
that is behind would set the book back, and a late update would undo a newer one. So one connection is the
primary, and its messages make the table. The others are standbys: their books are followed too, and a standby
that is promoted starts with its own book as it was after the primary's last message.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..exchanges.model import Data
from ..exchanges.orderbook import Book
from ..store.raw import RawKind, RawRecord, process_of
from ..tables.rows import BookUpdate
from .decode import Loss, Message

__all__ = ["BookFailover", "FailoverState", "StandbyState"]

_MAX_PENDING = 4096
"""Pending messages of a standby after which the primary, having delivered none of them, counts as silent."""

_BEHIND_NS = 10_000_000_000
"""A message that the primary has not delivered by then never comes: the two get different messages."""


class StandbyState(Struct, frozen=True):
    """The book of a standby; becomes JSON as it is."""

    conn: str
    book: bytes


class FailoverState(Struct, frozen=True):
    """What is remembered of one symbol; becomes JSON as it is."""

    symbol: str
    primary: str | None
    standbys: list[StandbyState]


class _Standby:
    """A connection beside the primary: its book after the primary's last message.

    ``pending``: what it has delivered since. ``closed``: it has ended, but its pending messages may be some
    that the primary never delivers.
    """

    def __init__(self, book: Book) -> None:
        self.book = book
        self.last: Message | None = None
        self.pending: list[Message] = []
        self.closed = False

    def catch_up(self, count: int) -> None:
        """Apply the first ``count`` pending messages: the primary has delivered them as well."""
        for message in self.pending[:count]:
            for row in message.rows:
                if isinstance(row, BookUpdate):
                    self.book.apply(row)
            self.last = message
        del self.pending[:count]

    def void(self) -> None:
        self.book.void()
        self.pending.clear()

    def promoted(self, symbol: str, then: Sequence[Message]) -> list[Message]:
        """A snapshot of its book as it was before the messages ``then``, and these."""
        if not self.book.synced:
            return list(then)
        origin = self.last or then[0]
        timestamp = None if self.last is None else self.last.rows[-1].timestamp
        bids, asks = self.book.levels()
        snapshot = BookUpdate(symbol, timestamp, is_snapshot=True, bids=bids, asks=asks)
        header = Data(origin.header.channel, symbol, is_snapshot=True)
        return [Message(origin.record, header, (snapshot,), is_derived=True), *then]


class _Stream(Struct):
    primary: str | None = None
    last_ns: int = 0
    standbys: dict[str, _Standby] = {}
    promoting: _Standby | None = None  # the new primary, while it repeats what its predecessor delivered


class BookFailover:
    """The books of one channel. The messages that a call returns make the table, in this order."""

    def __init__(self, state: Sequence[FailoverState] = (), depth: int | None = None) -> None:
        self._depth = depth
        self._streams: dict[str, _Stream] = {}
        for each in state:
            stream = self._streams[each.symbol] = _Stream(each.primary)
            for one in each.standbys:
                stream.standbys[one.conn] = _Standby(Book.unpack(one.book, depth))
            if each.primary in stream.standbys:
                stream.promoting = stream.standbys.pop(each.primary)

    def choose(
        self, conn: str, messages: Sequence[Message], losses: Sequence[Loss]
    ) -> tuple[Sequence[Message], Sequence[Loss]]:
        """Take what a connection delivered, and what it lost; says which losses another one makes good."""
        if not losses and len(messages) == 1:  # nearly always
            return self._message(messages[0]), losses
        found: list[Message] = []
        told = [self._lost(conn, loss, found) for loss in losses]
        for message in messages:
            found += self._message(message)
        return found, told

    def note(self, record: RawRecord) -> list[Message]:
        """Take what the recorder noted of a stream: that a connection is asked for it, or has ended."""
        if record.kind == RawKind.SUBSCRIBED:
            self._subscribed(record.symbol, record.conn)
        elif record.kind == RawKind.UNSUBSCRIBED:
            return self._closed(record.symbol, record.conn)
        return []

    def forget(self) -> None:
        """Rows are lost: all books begin anew."""
        self._streams.clear()

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

    def _message(self, message: Message) -> list[Message]:
        """Take a message about one symbol."""
        symbol, conn, at_ns = message.header.symbol, message.record.conn, message.record.recv_ns
        stream = self._of(symbol)
        if stream.primary is None:
            stream.primary = conn
        if stream.primary == conn:
            stream.last_ns = at_ns
            self._follow(stream, message)
            return self._of_primary(symbol, stream, message)
        standby = stream.standbys.get(conn)
        if standby is None:
            standby = stream.standbys[conn] = _Standby(Book(self._depth))
        standby.pending.append(message)
        if message.is_repeated:
            standby.catch_up(len(standby.pending))
        while standby.pending and standby.pending[0].record.recv_ns < stream.last_ns - _BEHIND_NS:
            standby.catch_up(1)
        return self._promote(symbol, stream, conn) if len(standby.pending) > _MAX_PENDING else []

    def _lost(self, conn: str, loss: Loss, found: list[Message]) -> Loss:
        """A connection has lost messages. Where another one has them, that one is promoted."""
        symbol = loss.symbol
        stream = self._of(symbol)
        if stream.primary not in (None, conn):
            if conn in stream.standbys:
                stream.standbys[conn].void()
            return replace(loss, elsewhere=True)
        able = [name for name, each in stream.standbys.items() if each.book.synced and not each.closed]
        if not able:
            return replace(loss, elsewhere=False)
        found += self._promote(symbol, stream, able[0])
        stream.standbys[conn] = _Standby(Book(self._depth))
        return replace(loss, elsewhere=True)

    def _subscribed(self, symbol: str, conn: str) -> None:
        """A connection is asked for the symbol. Those of an earlier process are dead, told or not."""
        stream = self._of(symbol)
        if stream.primary is not None and process_of(stream.primary) != process_of(conn):
            self._streams[symbol] = _Stream()

    def _closed(self, symbol: str, conn: str) -> list[Message]:
        """A connection no longer serves the symbol."""
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
        messages = self._promote(symbol, stream, successor)
        if closed:
            self._streams[symbol] = _Stream()
        return messages

    def _follow(self, stream: _Stream, message: Message) -> None:
        """The primary has delivered this message: the standbys catch up with it."""
        for conn, each in list(stream.standbys.items()):
            if message.is_repeated:
                contents = (one.content for one in each.pending)
                place = next((n for n, content in enumerate(contents) if content == message.content), -1)
                each.catch_up(1 + place)
            behind_ns = stream.last_ns - _BEHIND_NS
            if each.closed and (not each.pending or each.pending[0].record.recv_ns < behind_ns):
                del stream.standbys[conn]

    def _of_primary(self, symbol: str, stream: _Stream, message: Message) -> list[Message]:
        """A new primary's messages count from the first one that its predecessor did not deliver."""
        promoting = stream.promoting
        if promoting is None:
            return [message]
        if message.is_repeated:
            promoting.pending.append(message)
            promoting.catch_up(1)
            return []
        stream.promoting = None
        return promoting.promoted(symbol, [message])

    def _promote(self, symbol: str, stream: _Stream, conn: str) -> list[Message]:
        successor = stream.standbys.pop(conn)
        stream.primary, stream.promoting = conn, None
        if not successor.pending:
            stream.promoting = successor
            return []
        stream.last_ns = successor.pending[-1].record.recv_ns
        return successor.promoted(symbol, successor.pending)


def _fitness(standby: _Standby) -> tuple[bool, bool]:
    return not standby.closed, standby.book.synced
