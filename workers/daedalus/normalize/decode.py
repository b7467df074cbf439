"""Stage 1, decode: a raw row becomes a message with its rows, a list of instruments, or a note.

The same code serves the pipeline, which reads the rows of one channel, and `daedalus decode`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec import Struct

from ..exchanges.model import Data, Exchange
from ..exchanges.reading import UNREADABLE
from ..store.notes import (
    ClockNote,
    CloseNote,
    LostNote,
    NoBookNote,
    OpenNote,
    Resolution,
    ServedNote,
    SubscribedNote,
    UnsubscribedNote,
    decode_note,
)
from ..store.raw import RawKind, RawRecord
from ..tables.connections import ConnectionEvent
from ..tables.rows import Instrument, Row

__all__ = [
    "SOURCES",
    "Content",
    "Instruments",
    "Loss",
    "Message",
    "StreamNote",
    "Undecodable",
    "decode",
    "read_note",
]

SOURCES = {
    RawKind.MESSAGE.value: "stream",
    RawKind.SNAPSHOT.value: "stream",
    RawKind.BACKFILL.value: "backfill",
}
"""The kinds of raw rows that hold market data, and what the tables' column ``source`` says of them."""


class Message(Struct, frozen=True):
    """A decoded message: its raw row, what `Messages.classify` says of it, and its rows.

    Where two connections bring a book without numbers, a message is about one symbol, ``content`` is the
    same on both connections, and ``is_repeated`` says that another connection has delivered it before.
    ``is_derived``: a snapshot that we made of a standby's book; the exchange did not send it.
    """

    record: RawRecord
    header: Data
    rows: Sequence[Row]
    content: bytes = b""
    is_repeated: bool = False
    is_derived: bool = False


class Instruments(Struct, frozen=True):
    """An exchange's list of instruments."""

    record: RawRecord
    listed: Sequence[Instrument]


class Loss(Struct, frozen=True):
    """Messages of one symbol that a connection did not deliver, after ``from_ns`` (UTC ns).

    ``elsewhere``: whether another connection delivered them; None: not known.
    """

    symbol: str
    from_ns: int
    why: str
    elsewhere: bool | None = None


class Undecodable(Struct, frozen=True):
    """A raw row that gives nothing. ``kind``: what `Messages.classify` said of it, or "undecodable"."""

    kind: str = "undecodable"


Content: TypeAlias = Message | Instruments | Undecodable

StreamNote: TypeAlias = SubscribedNote | ServedNote | UnsubscribedNote | NoBookNote | ClockNote
"""What the recorder notes of a stream, besides losses and resolutions; and of its clock."""

# Looked up for each row, and a member of an enum costs ten times as much.
_MESSAGE, _SNAPSHOT, _BACKFILL = RawKind.MESSAGE.value, RawKind.SNAPSHOT.value, RawKind.BACKFILL.value

_UNDECODABLE = Undecodable()


def decode(exchange: Exchange, record: RawRecord) -> Content:
    """Decode a raw row that came from the exchange. Never raises, whatever its bytes."""
    payload, kind, messages = record.payload, record.kind, exchange.messages
    normalize: Callable[[Data, bytes], Sequence[Row]] = messages.normalize
    try:
        if kind == _MESSAGE:
            header = messages.classify_stored(record.channel, record.symbol, payload)
        elif kind == _SNAPSHOT:
            header = exchange.rest.classify_snapshot(record.symbol, payload)
            normalize = exchange.rest.normalize_snapshot
        elif kind == _BACKFILL:
            header = exchange.rest.classify_backfill(record.channel, record.symbol, payload)
            normalize = exchange.rest.normalize_backfill
        else:
            return Instruments(record, exchange.rest.instruments(payload))
        if not isinstance(header, Data):
            return Undecodable(header.kind)
        return Message(record, header, normalize(header, payload))
    except UNREADABLE:
        return _UNDECODABLE


def read_note(record: RawRecord) -> StreamNote | Resolution | Loss | ConnectionEvent | None:
    """Decode a row that the recorder wrote about its own work; None if it cannot be read."""
    at_ns = record.recv_ns
    try:
        note = decode_note(record.kind, record.payload)
    except UNREADABLE:
        return None
    match note:
        case OpenNote(url):
            return ConnectionEvent(record.conn, "open", at_ns, url=url)
        case CloseNote(cause, reason):
            return ConnectionEvent(record.conn, "close", at_ns, cause=cause, reason=reason)
        case LostNote(missing, from_ns):
            count = "frames" if missing is None else f"{missing:,} frames"
            why = f"{count} of the connection are missing"
            return Loss(record.symbol, min(from_ns or at_ns, at_ns), why)
    return note
