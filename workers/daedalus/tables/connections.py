"""The table ``connections``."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from .table import LOCAL_TIMESTAMP, TIMESTAMP, Column, Table

__all__ = ["CONNECTIONS", "ConnectionEvent"]


class ConnectionEvent(Struct, frozen=True):
    """A connection was opened or closed. ``timestamp``: UTC ns."""

    conn: str
    event: str
    timestamp: int
    url: str | None = None
    cause: str | None = None
    reason: str | None = None

    @property
    def local_timestamp(self) -> int:
        return self.timestamp


CONNECTIONS = Table(
    "connections",
    ConnectionEvent,
    "When connections were opened and closed, and why.",
    (
        Column("conn", "string", "the connection's id, as in raw", required=True, encoding="dictionary"),
        Column("event", "string", "`open` or `close`", required=True, encoding="dictionary"),
        replace(TIMESTAMP, meaning="when it happened, by the local clock"),
        replace(LOCAL_TIMESTAMP, meaning="the same"),
        Column("url", "string", "of an `open`", encoding="dictionary"),
        Column("cause", "string", "of a `close`: one of the [ledger's](#the-ledger)", encoding="dictionary"),
        Column("reason", "string", "of a `close`: in words", encoding="dictionary"),
    ),
)
