"""Compare each connection's books with the checksums that the exchange sends.

A checksum that differs proves a loss inside a living connection. A digest of ours may vouch for a book only
while the exchange's own checksum of it agrees.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ..exchanges.model import BookCheck, Channel, Data, Exchange, Proof
from ..store.notes import UnsubscribedNote
from ..store.raw import RawRecord
from .decode import Loss, Message, StreamNote

__all__ = ["BookChecksums", "CheckState"]

_WHY = "the exchange's checksum of the book differs"


class CheckState(Struct, frozen=True):
    """The check of one connection's book between two segments; becomes JSON as it is.

    ``agrees``: the checksum of its last message did. ``right_ns``: when one last did.
    """

    conn: str
    symbol: str
    state: bytes
    broken: bool
    right_ns: int
    agrees: bool


class _Checked(Struct):
    check: BookCheck
    broken: bool = False
    right_ns: int = 0
    agrees: bool = False
    agreed: bool = False  # before the last message


class BookChecksums:
    """The checks of one channel whose exchange sends checksums."""

    def __init__(self, exchange: Exchange, channel: str, state: Sequence[CheckState] = ()) -> None:
        spec = exchange.channels.get(channel, Channel(None))
        self._exchange = exchange
        self._channel = channel
        self._is_proof = spec.proof is Proof.CHECKSUM
        self._checked: dict[tuple[str, str], _Checked | None] = {}
        for each in state:
            check = exchange.book_check(channel, each.symbol, each.state)
            if check is not None:
                checked = _Checked(check, each.broken, each.right_ns, each.agrees)
                self._checked[each.conn, each.symbol] = checked

    def compare(self, message: Message) -> list[Loss]:
        """Take a message, duplicates too; the books that it has just proved wrong."""
        record = message.record
        losses = []
        for part in message.header.by_symbol():
            right_ns = self._broken_since(record.conn, part, record.payload, record.recv_ns)
            if right_ns is not None:
                losses.append(Loss(part.symbol, right_ns, _WHY))
        return losses

    def vouches(self, symbol: str) -> bool:
        """Whether the book as it was before the last message is proved, or needs no checksum."""
        if not self._is_proof:
            return True
        checked = (each for (_, of), each in self._checked.items() if of == symbol)
        return any(each is not None and each.agreed for each in checked)

    def note(self, record: RawRecord, note: StreamNote) -> None:
        """Take what the recorder noted of a connection: one that has ended takes its books with it."""
        if isinstance(note, UnsubscribedNote) and not note.silent:  # else the connection goes on
            for key in [key for key in self._checked if key[0] == record.conn]:
                del self._checked[key]

    def forget(self) -> None:
        """Rows are lost: all books begin anew."""
        self._checked.clear()

    def state(self) -> list[CheckState]:
        """What the next segment needs to know."""
        return [
            CheckState(conn, symbol, each.check.state(), each.broken, each.right_ns, each.agrees)
            for (conn, symbol), each in sorted(self._checked.items())
            if each is not None
        ]

    def _broken_since(self, conn: str, header: Data, payload: bytes, recv_ns: int) -> int | None:
        """When the book was last right, if this message is the first to prove it wrong."""
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
