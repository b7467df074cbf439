"""Stage 1, decode: a raw row becomes a message with its rows, a list of instruments, or a note.

The same code serves the pipeline, which reads the rows of one channel, and `daedalus decode`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias

import msgspec
from msgspec import Meta, Struct

from ..exchanges.model import Data, Exchange
from ..exchanges.reading import UNREADABLE
from ..store.raw import RawKind, RawRecord
from ..tables.connections import ConnectionEvent
from ..tables.rows import Instrument, Row

__all__ = [
    "SOURCES",
    "Content",
    "Instruments",
    "Loss",
    "Message",
    "Note",
    "Resolution",
    "Undecodable",
    "decode",
    "decode_note",
]

SOURCES = {
    RawKind.MESSAGE.value: "stream",
    RawKind.SNAPSHOT.value: "stream",
    RawKind.BACKFILL.value: "backfill",
}
"""The kinds of raw rows that hold market data, and what the tables' column ``source`` says of them."""

_Time = Annotated[int, Meta(ge=0, le=2**63 - 1)]


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


class Note(Struct, frozen=True):
    """The payload of the recorder's own rows. Times are UTC ns.

    ``served``: older recorders wrote no proof that a stream is served; being asked counted as one.
    """

    cause: str | None = None
    reason: str | None = None
    url: str | None = None
    since_ns: _Time | None = None
    heard_ns: _Time | None = None
    from_ns: _Time | None = None
    missing: int | None = None
    served: bool = True
    silent: bool = False


class Resolution(Struct, frozen=True):
    """What the recorder noted about its attempt to fill a gap (raw kind ``gap``).

    ``status``: filled, unfillable, or open if there was no answer; ``note``: by which request, or why not.
    Ids are inclusive. Gaps without ids are named by their time (UTC ns).
    """

    status: str
    note: str
    first: int | None = None
    last: int | None = None
    from_ns: int = 0
    to_ns: int = 0


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

# Looked up for each row, and a member of an enum costs ten times as much.
_MESSAGE, _SNAPSHOT, _BACKFILL = RawKind.MESSAGE.value, RawKind.SNAPSHOT.value, RawKind.BACKFILL.value

_UNDECODABLE = Undecodable()
_note = msgspec.json.Decoder(Note).decode
_resolution = msgspec.json.Decoder(Resolution).decode


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


def decode_note(record: RawRecord) -> Note | Resolution | Loss | ConnectionEvent | None:
    """Decode a row that the recorder wrote about its own work; None if it cannot be read."""
    at_ns, kind = record.recv_ns, record.kind
    try:
        if kind == RawKind.GAP:
            return _resolution(record.payload)
        note = _note(record.payload)
    except UNREADABLE:
        return None
    if kind == RawKind.OPEN:
        return ConnectionEvent(record.conn, "open", at_ns, url=note.url)
    if kind == RawKind.CLOSE:
        return ConnectionEvent(record.conn, "close", at_ns, cause=note.cause, reason=note.reason)
    if kind == RawKind.LOST:
        count = "frames" if note.missing is None else f"{note.missing:,} frames"
        why = f"{count} of the connection are missing"
        return Loss(record.symbol, min(note.from_ns or at_ns, at_ns), why)
    return note
