"""What an exchange is: the words every room shares, and the questions an exchange file answers.

An exchange is declarative data plus pure functions: no sockets, no clock, no disk. Everything here is a
frozen value, so that the same answer is given live and years later over stored raw messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, Literal, Protocol

from msgspec import Struct

from ..tables.rows import Listing, Row
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
    "Missing",
    "Notice",
    "Proof",
    "Reply",
    "Request",
    "RestLimit",
    "RestRequest",
    "Subscription",
    "Unknown",
    "joined",
]


class Proof(StrEnum):
    """How the exchange lets us prove that nothing of a channel is missing while a connection lives."""

    NONE = "none"  # nothing to check: only the time without a connection is known to be missing
    IDS = "ids"  # consecutive ids: the next message begins at last + 1
    CHAIN = "chain"  # each message names the one before; how many a broken chain lost is unknown
    SEQUENCE = "sequence"  # the connection counts its frames: a gap makes all its streams suspect
    CHECKSUM = "checksum"  # each message carries a checksum of the book as it must be after it


class History(StrEnum):
    """What the exchange's REST API gives of a channel's past trades."""

    IDS = "ids"  # those with the ids that are asked for
    TIME = "time"  # those of the time that is asked for
    NEWEST = "newest"  # the newest, whatever is missing


class Channel(Struct, frozen=True):
    """What one channel of an exchange is and can do.

    table: where its rows go; None: they are kept as raw messages alone
    proof: how a loss inside a connection shows
    snapshot: how a book begins: with a snapshot over REST, or with one on the stream
    checksums: the exchange sends checksums of the book (`Exchange.book_check`)
    depth: number of levels per side; the exchange sends no delete for a level that drops out of range
    history: how missed messages can be asked for over REST; None: not at all
    spends_ids: some ids never produce a row
    silence_seconds: a connection on which the whole channel was silent for so long is dead; None: silence
        is normal
    per_symbol: False: one stream serves all symbols
    lossy: in words, what the exchange leaves out by design; "": nothing
    """

    table: str | None
    proof: Proof = Proof.NONE
    snapshot: Literal["rest", "stream"] | None = None
    silence_seconds: float | None = None
    per_symbol: bool = True
    lossy: str = ""
    depth: int | None = None
    spends_ids: bool = False
    checksums: bool = False
    history: History | None = None

    @property
    def consecutive(self) -> bool:
        """Whether its ids prove it complete, whichever connections they came by."""
        return self.proof in (Proof.IDS, Proof.CHAIN)

    @property
    def has_trades(self) -> bool:
        """Whether its rows are trades, single or aggregated."""
        return self.table in ("trades", "agg_trades")

    @property
    def fails_over(self) -> bool:
        """Whether its book has no ids to merge two connections by, so that one of them is the primary."""
        return self.snapshot == "stream" and not self.consecutive


class Request(Struct, frozen=True):
    """One text message to send after connecting, and the subscriptions it asks for."""

    id: int
    text: str
    subscriptions: tuple[Subscription, ...]


class ConnectionPlan(Struct, frozen=True):
    """One websocket: where to connect, what to say, how to keep it alive, when to replace it.

    ``send_interval_seconds`` spaces the requests (the exchange's limit of messages per second).
    ``ping_seconds`` is the interval of websocket pings; their answers prove the link, not the data.
    ``lifetime_seconds``: the exchange ends the connection after so long; it is replaced before.
    ``keepalive_text`` is sent every ``keepalive_seconds`` where the exchange wants to hear more than pings.
    ``silence_seconds``: a connection on which nothing at all came for so long is dead, where the exchange
    promises a heartbeat.
    """

    url: str
    requests: tuple[Request, ...]
    subscriptions: tuple[Subscription, ...]
    send_interval_seconds: float = 0.25
    ping_seconds: float = 20.0
    lifetime_seconds: float | None = None
    keepalive_text: str | None = None
    keepalive_seconds: float = 20.0
    silence_seconds: float | None = None


class RestRequest(Struct, frozen=True):
    """One HTTP GET (or, with a ``body``, a POST of JSON) below the exchange's REST URL, and what it costs."""

    path: str
    weight: int
    body: bytes | None = None


class Missing(Struct, frozen=True):
    """A gap to be filled: ids ``first``..``last`` (inclusive), lost between two times (UTC ns).

    ``first`` and ``last`` are None where the exchange numbers nothing: the time is then all there is.
    """

    channel: str
    symbol: str
    first: int | None
    last: int | None
    from_ns: int
    to_ns: int


class RestLimit(Struct, frozen=True):
    """How much REST weight an exchange allows per minute, and the response header that says what is used.

    ``interval_seconds``: the least time between two requests, where the exchange also minds seconds.
    """

    weight_per_minute: int
    used_header: str | None = None
    interval_seconds: float = 0.0


class BookCheck(Protocol):
    """Follows the book of one symbol and compares it with the checksums the exchange sends (pure)."""

    def apply(self, header: Data, payload: bytes) -> bool | None:
        """Take a message; whether its checksum is right, None where there is nothing to compare."""

    def state(self) -> bytes:
        """All that is remembered, for `Exchange.book_check` to go on with."""


class Exchange(ABC):
    """One exchange. All methods are pure; `classify` never raises, whatever the bytes.

    What has a default need not be answered by an exchange to which the question does not apply.
    """

    name: ClassVar[str]
    websocket_url: ClassVar[str]
    rest_url: ClassVar[str]
    rest_limit: ClassVar[RestLimit]
    channels: ClassVar[Mapping[str, Channel]]
    symbol_marks: ClassVar[str] = "-_.:"
    """What a symbol may hold besides letters and digits."""
    connect_interval_seconds: ClassVar[float] = 0.25
    """The least time between two attempts to connect, over all connections."""

    # What is asked of the exchange

    @abstractmethod
    def symbol(self, text: str) -> str:
        """The one spelling of a symbol that configuration, raw and tables share."""

    def refuses(self, symbol: str) -> str:
        """Why a symbol of this exchange can never be recorded, and what can; "" where nothing is known.

        Told of names alone, before the exchange is asked, and of the rows that a recorded message gives.
        """
        return ""

    @abstractmethod
    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """The connections that serve these subscriptions within the exchange's limits."""

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """What to send for a fresh snapshot on the stream; nothing where only a new connection helps."""
        return ()

    def snapshot_request(self, symbol: str) -> RestRequest:
        """The REST request for a whole book. Only asked for channels whose ``snapshot`` is "rest"."""
        raise NotImplementedError(f"{self.name} has no book over REST")

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The REST request for the oldest of what is missing, one answer full; None where there is none.

        Only asked for channels with a ``history``.
        """
        return None

    def serves(self, channel: str, symbol: str) -> bool:
        """Whether there is this stream at all; one that there is not is asked for only where it is named."""
        return True

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The REST requests whose answers list all instruments; () where there is no such list."""
        return ()

    # What the exchange says

    @abstractmethod
    def classify(self, payload: bytes) -> Header:
        """Read what a message off the wire is, its ids and its time."""

    def reader(self) -> Callable[[bytes], Header]:
        """The same for one connection, where messages can only be read in the light of those before."""
        return self.classify

    def classify_stored(self, channel: str, symbol: str, payload: bytes) -> Header:
        """The same for a message that was stored as one of this stream."""
        return self.classify(payload)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Read the ids of a snapshot's body over REST, as `classify` does for a message."""
        return Malformed()

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the ids of a backfill's body. An answer without trades is `Data` without ids."""
        return Malformed()

    @abstractmethod
    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message or a snapshot into rows.

        ``header`` is what `classify` (or `classify_snapshot`) said of the same bytes. Raises
        `msgspec.DecodeError` or `ValueError` for bytes that are not what the header promised.
        """

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """The same for the body of a backfill, oldest first."""
        return ()

    def identity(self, header: Data, payload: bytes) -> bytes:
        """What is the same of a message on every connection, where it has no id to be known by."""
        return payload

    def instruments(self, body: bytes) -> Listing:
        """Read one answer to `instruments_requests`, each entry by itself. Raises as `normalize` does."""
        return Listing()

    def book_check(self, channel: str, symbol: str, state: bytes | None = None) -> BookCheck | None:
        """A check of the book by the exchange's checksums (from a ``state``); None where it sends none."""
        return None
