"""What `tests/unit/exchanges/<exchange>/samples.py` says of an exchange, in plain values.

A samples file holds real payloads and what must become of them; `test_conformance_*.py` holds every exchange
to its own. Ids are one number, or (first, last), or (first, last, previous); times are UTC ns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from math import inf
from typing import Any

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Header, Heartbeat, Reply, Subscription
from daedalus.tables.rows import Instrument, Row

__all__ = [
    "Backfill",
    "Chain",
    "CheckedBook",
    "Connects",
    "Limits",
    "Listed",
    "Listing",
    "Message",
    "Said",
    "Samples",
    "Snapshot",
    "backfill",
    "data",
    "heartbeat",
    "malformed",
    "notice",
    "part",
    "reply",
    "said",
    "samples_of",
    "snapshot",
    "unknown",
    "unreadable",
]

Ids = int | tuple[int, ...]
Stream = tuple[str, str]
"""A channel and a symbol."""


@dataclass(frozen=True)
class Said:
    """What the model reads off a message before decoding it. ``kind`` is that of a `Header`.

    ``frame`` is the number of the frame on its connection, ``more`` are the other streams or runs of ids;
    ``request``, ``names`` and ``error`` belong to a reply; ``announces``, the last id of another channel, and
    ``answer``, what is to be sent back, to a heartbeat.
    """

    kind: str
    channel: str = ""
    symbol: str = ""
    ids: tuple[int, ...] | None = None
    at: int | None = None
    frame: int | None = None
    snapshot: bool = False
    announces: tuple[str, int] | None = None
    more: tuple[Said, ...] = ()
    complete_from: int | None = None
    request: int | None = None
    names: tuple[Stream, ...] = ()
    error: str | None = None
    answer: str | None = None


def said(header: Header) -> Said:
    """The model's answer in these plain values: the one place where samples and model meet."""
    found = Said(header.kind, frame=header.sequence)
    match header:
        case Data():
            ids = header.ids and (header.ids.first, header.ids.last, header.ids.previous)
            return replace(
                found,
                channel=header.channel,
                symbol=header.symbol,
                ids=ids and tuple(each for each in ids if each is not None),
                at=header.exchange_ns,
                snapshot=header.is_snapshot,
                more=tuple(said(each) for each in header.more),
                complete_from=header.complete_from_ns,
            )
        case Heartbeat():
            told = header.announces
            return replace(
                found,
                channel=header.channel,
                symbol=header.symbol,
                at=header.exchange_ns,
                announces=told and (told.channel, told.last),
                answer=header.answer,
            )
        case Reply():
            names = tuple((each.channel, each.symbol) for each in header.subscriptions)
            return replace(found, request=header.request_id, names=names, error=header.error)
    return found


@dataclass(frozen=True)
class Message:
    """A message off the wire. ``rows`` is None where decoding raises one of the promised errors."""

    payload: bytes
    said: Said
    rows: tuple[Row, ...] | None = ()


def _span(ids: Ids | None) -> tuple[int, ...] | None:
    return (ids, ids) if isinstance(ids, int) else ids


_AS_THE_MESSAGE = -1


def part(
    symbol: str,
    ids: Ids | None = None,
    *,
    snapshot: bool = False,
    at: int | None = _AS_THE_MESSAGE,
    frame: int | None = _AS_THE_MESSAGE,
) -> Said:
    """Another stream of a message, or another run of ids; time and frame are the message's unless said."""
    return Said("data", symbol=symbol, ids=_span(ids), snapshot=snapshot, at=at, frame=frame)


def _data(
    channel: str, rows: Sequence[Row], ids: Ids | None, more: Sequence[Said], named: dict[str, Any]
) -> Said:
    """``symbol`` and ``at`` are those of the rows, unless ``named`` says others."""
    if rows:
        times = [row.timestamp for row in rows if row.timestamp is not None]
        named = {"symbol": rows[0].symbol, "at": max(times, default=None), **named}
    one = Said("data", channel, ids=_span(ids), **named)

    def other(each: Said) -> Said:
        at = one.at if each.at == _AS_THE_MESSAGE else each.at
        frame = one.frame if each.frame == _AS_THE_MESSAGE else each.frame
        return replace(each, channel=channel, at=at, frame=frame)

    return replace(one, more=tuple(other(each) for each in more))


def data(
    payload: bytes, channel: str, *rows: Row, ids: Ids | None = None, more: Sequence[Said] = (), **named: Any
) -> Message:
    """Market data and all of its rows, in their order; ``named``: what else is `Said` of it.

    Symbol and time are those of its rows, unless others are named.
    """
    return Message(payload, _data(channel, rows, ids, more, named), rows)


def unreadable(
    payload: bytes,
    channel: str,
    symbol: str,
    *,
    ids: Ids | None = None,
    more: Sequence[Said] = (),
    **named: Any,
) -> Message:
    """Data by its header, which decoding refuses."""
    return Message(payload, _data(channel, (), ids, more, {"symbol": symbol, **named}), None)


def reply(payload: bytes, *names: Stream, **named: Any) -> Message:
    """The answer to a request, which serves ``names``; with an ``error``, which refuses them."""
    return Message(payload, Said("reply", names=names, **named))


def heartbeat(payload: bytes, channel: str = "", symbol: str = "", **named: Any) -> Message:
    """A sign of life."""
    return Message(payload, Said("heartbeat", channel, symbol, **named))


def notice(payload: bytes) -> Message:
    """The exchange asks for a reconnect."""
    return Message(payload, Said("notice"))


def unknown(payload: bytes, **named: Any) -> Message:
    """Sound JSON of no channel that is recorded."""
    return Message(payload, Said("unknown", **named))


def malformed(payload: bytes, **named: Any) -> Message:
    """Damaged, or of a known kind with fields that cannot be."""
    return Message(payload, Said("malformed", **named))


@dataclass(frozen=True)
class Chain:
    """Messages of one stream that follow each other, and the gap that leaving out ``removed`` of them leaves.

    ``gap`` is the id before, the id after and how many are missing (None: unknown). The gap closes when
    the message comes after all.
    """

    messages: Sequence[bytes]
    removed: int
    gap: tuple[int, int, int | None]


@dataclass(frozen=True)
class CheckedBook:
    """Messages of one book that its checksums confirm, and which of them must not be left out."""

    channel: str
    symbol: str
    messages: Sequence[bytes]
    removed: int


@dataclass(frozen=True)
class Snapshot:
    """The body of a book over REST."""

    symbol: str
    body: bytes
    said: Said
    rows: tuple[Row, ...]


def snapshot(symbol: str, body: bytes, channel: str, row: Row, *, ids: Ids | None = None) -> Snapshot:
    """A body that is a whole book."""
    return Snapshot(symbol, body, _data(channel, (row,), ids, (), {}), (row,))


@dataclass(frozen=True)
class Backfill:
    """The answer to a backfill of one stream; without rows, an answer that has none."""

    channel: str
    symbol: str
    body: bytes
    said: Said
    rows: tuple[Row, ...]


def backfill(
    channel: str,
    symbol: str,
    body: bytes,
    *rows: Row,
    ids: Ids | None = None,
    more: Sequence[Ids] = (),
    complete_from: int | None = None,
) -> Backfill:
    """An answer with its rows, oldest first; ``more`` are the other runs of ids."""
    others = [part(symbol, each, at=None) for each in more]
    named = {"symbol": symbol, "at": None, "complete_from": complete_from}
    return Backfill(channel, symbol, body, _data(channel, (), ids, others, named), rows)


@dataclass(frozen=True)
class Listed:
    """One answer of the list of instruments, and what it lists."""

    body: bytes
    instruments: tuple[Instrument, ...]


@dataclass(frozen=True)
class Listing:
    """How a list of instruments is made of entries, and one entry with its symbol.

    ``damaged`` are entries that cannot be read; each costs itself alone.
    """

    wrapped: Callable[[list[Any]], object]
    entry: Any
    symbol: str
    damaged: Sequence[Any] = (None, 5, {}, {"symbol": None, "baseAsset": None})


@dataclass(frozen=True)
class Connects:
    """One connection for ``streams`` (by the exchange's own address, unless ``url``), and what it says."""

    streams: Sequence[Stream]
    texts: Sequence[object]
    url: str | None = None
    connects: str | None = None


@dataclass(frozen=True)
class Limits:
    """What the exchange allows, by its documentation; None where it says nothing.

    ``streams`` of a connection, ``channel_streams`` of one channel of a connection, ``request_streams`` and
    ``request_bytes`` of a request, ``connection_bytes`` of all requests of a connection. ``interval``:
    seconds from one request to the next at least; ``messages_per_second``: of all connections, which open one
    after the other; ``silence``, ``lifetime`` and ``keepalive``: what a plan says of them.
    ``spread``: for so many symbols of these channels, how many streams each connection has.
    """

    streams: int | None = None
    channel_streams: Mapping[str, int] = field(default_factory=dict)
    request_streams: int | None = None
    request_bytes: int | None = None
    connection_bytes: int | None = None
    interval: float = 0.0
    messages_per_second: float = inf
    silence: float | None = None
    lifetime: float | None = None
    keepalive: object = None
    keepalive_below: float | None = None
    spread: Sequence[tuple[Sequence[str], int, Sequence[int]]] = ()


Gap = tuple[str, str, int | None, int | None, int, int]
"""Channel, symbol, first and last id (None: none), from and to (UTC ns): what a backfill is asked for."""

Asked = tuple[str, int] | tuple[str, int, bytes]
"""Path and weight of a REST request, and the body of a POST."""


@dataclass(frozen=True)
class Samples:
    """All that is held against one exchange; what an exchange does not have is left out.

    ``symbols`` makes a symbol of a number. ``opening`` is what each connection hears before the messages.
    ``connects`` and ``urls`` (an address as configured: the addresses connected to) hold the plans;
    ``resubscribes`` what is sent for a fresh book. ``spelled`` is each way to write a symbol and its one
    spelling, ``recorded`` and ``refused`` are symbols that can and cannot be recorded; ``lossy`` are the
    channels of which the exchange leaves things out by design. ``quote`` makes a message of a bid and an ask,
    each a price and an amount. ``serves`` is the stream that serves another.
    """

    messages: Sequence[Message]
    limits: Limits
    symbols: Callable[[int], str]
    spelled: Mapping[str, str]
    recorded: Sequence[str]
    refused: Sequence[str] = ()
    lossy: Sequence[str] = ()
    opening: Sequence[bytes] = ()
    chains: Sequence[Chain] = ()
    books: Sequence[CheckedBook] = ()
    connects: Sequence[Connects] = ()
    urls: Mapping[str, Sequence[str]] = field(default_factory=dict)
    resubscribes: Mapping[Stream, Sequence[object]] = field(default_factory=dict)
    serves: Callable[[Stream], Stream] = lambda stream: stream
    snapshots: Sequence[Snapshot] = ()
    snapshots_refused: Sequence[tuple[str, bytes]] = ()
    snapshot_asked: Mapping[str, Asked] = field(default_factory=dict)
    backfills: Sequence[Backfill] = ()
    backfills_refused: Sequence[tuple[str, str, bytes]] = ()
    backfill_asked: Sequence[tuple[Gap, Asked | None]] = ()
    lists: Sequence[Listed] = ()
    lists_asked: Sequence[Asked] = ()
    listing: Listing | None = None
    quote: Callable[[list[str], list[str]], object] | None = None

    def payloads(self) -> list[bytes]:
        """All messages and bodies, for whatever throws them about."""
        found = [*self.opening, *(each.payload for each in self.messages)]
        found += [message for each in (*self.chains, *self.books) for message in each.messages]
        found += [each.body for each in (*self.snapshots, *self.backfills, *self.lists)]
        found += [each[-1] for each in (*self.snapshots_refused, *self.backfills_refused)]
        return list(dict.fromkeys(found))

    def wanted(self, name: str, count: int) -> list[Subscription]:
        """Every channel of the exchange for so many symbols."""
        found = [
            Subscription(channel, self.symbols(number) if about.per_symbol else "")
            for channel, about in EXCHANGES[name].channels.items()
            for number in range(count)
        ]
        return list(dict.fromkeys(found))


def module_of(name: str) -> str:
    """Where the samples of an exchange lie: in the folder of the tests that is called as the product's."""
    folder = type(EXCHANGES[name].messages).__module__.split(".")[2]
    return f"unit.exchanges.{folder}.samples"


@cache
def samples_of(name: str) -> Samples | None:
    """What is held against an exchange; None where nobody has written it yet."""
    try:
        found = import_module(module_of(name)).SAMPLES
    except ModuleNotFoundError as error:
        if not module_of(name).startswith(error.name or "?"):
            raise
        return None
    assert isinstance(found, dict)
    return found.get(name)
