"""The raw row: what the exchange sent, byte for byte, with the time it was received."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import pyarrow as pa
from msgspec import Struct

__all__ = ["CONNECTION", "DAMAGE", "RAW_SCHEMA", "UNKNOWN", "RawKind", "RawRecord", "process_of"]

CONNECTION = "_connection"
"""The partition of rows that concern a whole connection, not one channel."""

UNKNOWN = "_unknown"
"""The partition of messages that cannot be read or belong to no subscription."""


DAMAGE = "daedalus.damaged"
"""The key in a sealed file's footer for the places where rows were lost: a JSON list with the number of rows
before each place. A file without it lost none."""


class RawKind(StrEnum):
    """What a raw row is. All but MESSAGE, SNAPSHOT, BACKFILL and INSTRUMENTS are the recorder's own notes."""

    MESSAGE = "message"  # a websocket message as it came
    SNAPSHOT = "snapshot"  # the body of a REST answer that holds a whole book
    BACKFILL = "backfill"  # the body of a REST answer that fills a gap
    OPEN = "open"  # a connection was opened; payload: JSON
    CLOSE = "close"  # a connection ended; payload: JSON with the reason
    SUBSCRIBED = "subscribed"  # the exchange was asked to serve a stream on this connection; payload: JSON
    SERVED = "served"  # its answer, or a first message, proves that it does; payload: JSON
    UNSUBSCRIBED = "unsubscribed"  # the connection no longer serves the stream; payload: JSON
    LOST = "lost"  # messages of the connection are missing, maybe of this stream; payload: JSON
    NO_BOOK = "no_book"  # a book still waits for its snapshot; payload: JSON
    GAP = "gap"  # what became of a gap; payload: JSON
    INSTRUMENTS = "instruments"  # the body of a REST answer that lists what can be traded
    CLOCK = "clock"  # the wall clock was stepped; payload: JSON


class RawRecord(Struct, frozen=True, gc=False):
    """One raw row. ``recv_ns``: UTC ns; ``seq``: per connection, from 0, without gaps."""

    recv_ns: int
    conn: str
    seq: int
    kind: str
    channel: str
    symbol: str
    payload: bytes


def process_of(conn: str) -> str:
    """The part of a connection's id that all connections of one process share."""
    return conn.rpartition("-")[0]


_COLUMNS: list[pa.Field[Any]] = [
    pa.field("recv_ns", pa.int64(), nullable=False),
    pa.field("conn", pa.string(), nullable=False),
    pa.field("seq", pa.int64(), nullable=False),
    pa.field("kind", pa.string(), nullable=False),
    pa.field("channel", pa.string(), nullable=False),
    pa.field("symbol", pa.string(), nullable=False),
    pa.field("payload", pa.binary(), nullable=False),
]

RAW_SCHEMA = pa.schema(_COLUMNS)
"""The columns of every raw file, active or sealed, in this order."""
