"""What a venue is: the words every room shares, and the questions a venue file answers.

A venue is declarative data plus pure functions: no sockets, no clock, no disk. Everything here is a
frozen value, so that the same answer is given live and years later over stored raw messages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Protocol

from msgspec import Struct

__all__ = [
    "AggTrade",
    "BookUpdate",
    "Channel",
    "ConnectionPlan",
    "Header",
    "Ids",
    "Kind",
    "Level",
    "Quote",
    "Reply",
    "Request",
    "RestLimit",
    "RestRequest",
    "Row",
    "Subscription",
    "Trade",
    "Venue",
]


class Subscription(Struct, frozen=True, order=True):
    """One stream: a channel of one symbol, both spelled as in the configuration and in every table."""

    channel: str
    symbol: str


class Ids(Struct, frozen=True, gc=False):
    """The numbers a message carries that prove nothing lies between it and the one before.

    ``first``..``last`` (inclusive) are the ids the message covers. Where ids are consecutive, the next
    message must start at ``last + 1``. Where the venue links messages instead, ``previous`` names the
    ``last`` of the message before; how many were lost in a broken chain is then unknown.
    """

    first: int
    last: int
    previous: int | None = None


class Kind(StrEnum):
    """What a message off the wire is about."""

    DATA = "data"  # market data of one subscription
    HEARTBEAT = "heartbeat"  # the venue is alive; its ids, where it has them, prove another channel
    REPLY = "reply"  # the answer to one of our requests
    NOTICE = "notice"  # the venue asks for something: a reconnect before it goes down
    UNKNOWN = "unknown"  # sound JSON, but nothing we subscribe to
    MALFORMED = "malformed"  # cannot be read at all


class Reply(Struct, frozen=True, gc=False):
    """The venue's answer to a request: by its id, or by naming the subscriptions it now serves."""

    request_id: int | None = None
    subscriptions: tuple[Subscription, ...] = ()
    error: str | None = None


class Header(Struct, frozen=True, gc=False):
    """What `Venue.classify` reads off a raw message without decoding the whole of it.

    ``venue_ns`` is the venue's own time of the message (UTC, ns), None where it sends none.
    ``proves`` names the channel that the ids speak of, where it is not ``channel`` itself.
    """

    kind: Kind
    channel: str = ""
    symbol: str = ""
    ids: Ids | None = None
    venue_ns: int | None = None
    proves: str | None = None
    reply: Reply | None = None


class Channel(Struct, frozen=True):
    """What one channel of a venue is.

    ``table`` is where its rows go (None: raw only). ``consecutive`` says that `Ids` prove it complete;
    without, a loss inside a connection cannot be seen. ``snapshot`` says that it needs one over REST
    after each connect. ``silence_seconds``: a connection on which the whole channel said nothing for so
    long is taken for dead; None where silence is normal. ``per_symbol=False``: one stream for all.
    """

    table: str | None
    consecutive: bool = False
    snapshot: bool = False
    silence_seconds: float | None = None
    per_symbol: bool = True


class Request(Struct, frozen=True):
    """One text message to send after connecting, and the subscriptions it asks for."""

    id: int
    text: str
    subscriptions: tuple[Subscription, ...]


class ConnectionPlan(Struct, frozen=True):
    """One websocket: where to connect, what to say, how to keep it alive, when to replace it.

    ``send_interval_seconds`` spaces the requests (the venue's limit of messages per second).
    ``ping_seconds`` is the interval of websocket pings; their answers prove the link, not the data.
    ``lifetime_seconds``: the venue ends the connection after so long; it is replaced before.
    """

    url: str
    requests: tuple[Request, ...]
    subscriptions: tuple[Subscription, ...]
    send_interval_seconds: float = 0.25
    ping_seconds: float = 20.0
    lifetime_seconds: float | None = None


class RestRequest(Struct, frozen=True):
    """One HTTP GET: the path and query below the venue's REST URL, and what it costs there."""

    path: str
    weight: int


class RestLimit(Struct, frozen=True):
    """How much REST weight a venue allows per minute, and the response header that says what is used."""

    weight_per_minute: int
    used_header: str | None = None


Level = tuple[float, float]
"""Price and amount; an amount of 0 removes the level."""


class Trade(Struct, frozen=True, gc=False):
    """One trade. ``side`` is the taker's, "buy" or "sell"; ``timestamp`` UTC ns or None."""

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float


class AggTrade(Struct, frozen=True, gc=False):
    """Trades ``first_id``..``last_id`` of one taker order at one price, reported as one."""

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float
    first_id: int
    last_id: int


class BookUpdate(Struct, frozen=True):
    """Levels of one book that changed (or, as a snapshot, all of them), amounts absolute."""

    symbol: str
    timestamp: int | None
    is_snapshot: bool
    bids: Sequence[Level]
    asks: Sequence[Level]
    first_id: int | None = None
    last_id: int | None = None


class Quote(Struct, frozen=True, gc=False):
    """The top of a book; a value the venue did not send is None, never 0."""

    symbol: str
    timestamp: int | None
    bid_price: float | None
    bid_amount: float | None
    ask_price: float | None
    ask_amount: float | None
    last_id: int | None = None


Row = Trade | AggTrade | BookUpdate | Quote
"""What `Venue.normalize` yields; the tables' schemas say how each becomes columns."""


class Venue(Protocol):
    """One exchange. All methods are pure; `classify` never raises, whatever the bytes."""

    name: ClassVar[str]
    websocket_url: ClassVar[str]
    rest_url: ClassVar[str]
    rest_limit: ClassVar[RestLimit]
    channels: ClassVar[Mapping[str, Channel]]

    def symbol(self, text: str) -> str:
        """The one spelling of a symbol that configuration, raw and tables share."""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """The connections that serve these subscriptions within the venue's limits."""

    def classify(self, payload: bytes) -> Header:
        """Read what a message off the wire is, its ids and its time."""

    def snapshot_request(self, symbol: str) -> RestRequest:
        """The REST request for a whole book. Only asked for channels with ``snapshot``."""

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Read the ids of a snapshot's body, as `classify` does for a message."""

    def normalize(self, header: Header, payload: bytes) -> Sequence[Row]:
        """Decode a message or a snapshot into rows.

        ``header`` is what `classify` (or `classify_snapshot`) said of the same bytes. Raises
        `msgspec.DecodeError` or `ValueError` for bytes that are not what the header promised.
        """
