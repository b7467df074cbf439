"""What a message off the wire is: one of six types, read without decoding the whole message.

    Data         market data of a stream, with the ids that prove it complete
    Heartbeat    the exchange is alive, or one of its streams is
    Reply        the answer to one of our requests
    Notice       the exchange asks for a new connection
    Unknown      valid JSON, but nothing we subscribe to
    Malformed    unreadable

All are frozen values; `Header` is their union.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar, TypeAlias

from msgspec import Struct, structs

__all__ = [
    "Announcement",
    "Data",
    "Header",
    "Heartbeat",
    "Ids",
    "Malformed",
    "Notice",
    "Reply",
    "Subscription",
    "Unknown",
    "joined",
]


class Subscription(Struct, frozen=True, order=True):
    """One stream: a channel of one symbol, both spelled as in the configuration and in every table."""

    channel: str
    symbol: str


class Ids(Struct, frozen=True, gc=False):
    """The ids that a message covers: ``first``..``last``, inclusive.

    Where ids are consecutive, the next message starts at ``last + 1``. Where the exchange links messages
    instead, ``previous`` is the ``last`` of the message before; a broken link does not say how many were
    lost. The snapshot of a book has ``first == last`` and no ``previous``: it includes all updates up to
    ``last``.
    """

    first: int
    last: int
    previous: int | None = None


class _Framed(Struct, frozen=True, gc=False, kw_only=True):
    """``sequence``: the number of the message on its connection; None where the exchange does not count."""

    sequence: int | None = None


class Data(_Framed, frozen=True, gc=False):
    """Market data of one stream, or of several.

    ``exchange_ns`` is the exchange's own time of the message (UTC ns), None where it sends none.
    ``is_snapshot``: the message holds a whole book, which replaces the one before.
    ``more`` are the other streams, or the other runs of consecutive ids, that the same message covers.
    ``complete_from_ns``: the answer to a backfill holds all trades from this time on (UTC ns); it may lack
    earlier ones that were requested.
    """

    kind: ClassVar[str] = "data"

    channel: str
    symbol: str = ""
    ids: Ids | None = None
    exchange_ns: int | None = None
    is_snapshot: bool = False
    more: tuple[Data, ...] = ()
    complete_from_ns: int | None = None

    def by_symbol(self) -> Iterable[Data]:
        """One header for each symbol that the message is about."""
        if not self.more:
            return (self,)
        return {part.symbol: part for part in (self, *self.more)}.values()


class Announcement(Struct, frozen=True, gc=False):
    """The last id of a channel, as another channel's heartbeat reports it."""

    channel: str
    last: int


class Heartbeat(_Framed, frozen=True, gc=False):
    """The connection is alive; with a ``channel``, that stream is.

    ``announces``: the last id that the exchange has sent on another channel of the same symbol.
    ``answer``: the text to send back at once; without it the exchange ends the connection.
    """

    kind: ClassVar[str] = "heartbeat"

    channel: str = ""
    symbol: str = ""
    exchange_ns: int | None = None
    announces: Announcement | None = None
    answer: str | None = None


class Reply(_Framed, frozen=True, gc=False):
    """The answer to a request. It names the request by its id, or names its subscriptions.

    Without ``error`` these subscriptions are served from now on; with it they are refused.
    """

    kind: ClassVar[str] = "reply"

    request_id: int | None = None
    subscriptions: tuple[Subscription, ...] = ()
    error: str | None = None


class Notice(_Framed, frozen=True, gc=False):
    """The exchange will end the connection soon and asks for a new one."""

    kind: ClassVar[str] = "notice"


class Unknown(_Framed, frozen=True, gc=False):
    """A message that can be read, but belongs to nothing we subscribe to."""

    kind: ClassVar[str] = "unknown"


class Malformed(_Framed, frozen=True, gc=False):
    """A message that cannot be read, or whose fields are impossible."""

    kind: ClassVar[str] = "malformed"


Header: TypeAlias = Data | Heartbeat | Reply | Notice | Unknown | Malformed


def joined(parts: Sequence[Data]) -> Data:
    """One header for a message: the first part, the others in its ``more``. `ValueError` if there is none."""
    first, *others = parts
    return structs.replace(first, more=tuple(others)) if others else first
