"""What an exchange is, and which parts one fills in to add another.

An exchange is declarative data plus pure functions: no socket, no clock, no disk. It reads a message in the
same way live and years later. Every exchange has a folder with the same files:

    exchange.py    the `Exchange`: names, URLs, limits, channels, and the parts below
    requests.py    `Requests`: how symbols are spelled, which connections streams need, what is sent on them
    messages.py    `Messages`: what a message is (`Header`), and how it becomes rows
    rows.py        the rows of each channel
    rest.py        `Rest`: snapshots, past trades and the list of instruments, requested and read
    book.py        `BookCheck`: a book that is compared with the exchange's checksums, where it sends them

The types of all these parts can be imported from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .channel import Channel, History, Proof
from .header import (
    Announcement,
    Data,
    Header,
    Heartbeat,
    Ids,
    Malformed,
    Notice,
    Reply,
    Subscription,
    Unknown,
    joined,
)
from .messages import BookCheck, Messages
from .requests import ConnectionPlan, Request, Requests, parts_of
from .rest import Missing, Rest, RestLimit, RestRequest

__all__ = [
    "Announcement",
    "BookCheck",
    "Channel",
    "ConnectionPlan",
    "Data",
    "Exchange",
    "Header",
    "Heartbeat",
    "History",
    "Ids",
    "Malformed",
    "Messages",
    "Missing",
    "Notice",
    "Proof",
    "Reply",
    "Request",
    "Requests",
    "Rest",
    "RestLimit",
    "RestRequest",
    "Subscription",
    "Unknown",
    "joined",
    "parts_of",
]


@dataclass(frozen=True, kw_only=True, eq=False, slots=True)
class Exchange:
    """One exchange.

    name: in the configuration, in paths and in tables
    title: for people
    channels: by the exchange's own names
    symbol_marks: characters that a symbol may hold besides letters and digits
    connect_interval_seconds: minimum time between two attempts to connect, over all connections
    """

    name: str
    title: str
    websocket_url: str
    rest_url: str
    rest_limit: RestLimit
    channels: Mapping[str, Channel]
    requests: Requests
    messages: Messages
    rest: Rest
    checked_book: Callable[[str, bytes | None], BookCheck] | None = None
    """Makes the check of one symbol's book, from the state of an earlier check or as a new one."""
    symbol_marks: str = "-_.:"
    connect_interval_seconds: float = 0.25

    def book_check(self, channel: str, symbol: str, state: bytes | None = None) -> BookCheck | None:
        """A check of a book by the exchange's checksums, from a ``state``; None if it sends none."""
        spec = self.channels.get(channel)
        if self.checked_book is None or spec is None or not spec.checksums:
            return None
        return self.checked_book(symbol, state)
