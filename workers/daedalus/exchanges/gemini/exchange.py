"""Gemini: the websocket API of 2026 (``wss://ws.gemini.com``), whose books are linked update by update.

Protocol: developer.gemini.com/websocket. Trades have ids that rise but skip; the ``U`` of a book's update is
the ``u`` of the one before. Event times are nanoseconds.

A snapshot (``?snapshot=-1``: the whole book) comes as the first ``depthUpdate`` after subscribing and has no
mark of its own. It is told by ``U == u``: it stands for everything up to one number, whereas an update
always leads from one number to a higher one, for it is only sent when something has changed. So nothing
need be remembered of a connection, and stored messages read the same as live ones. A first update that is
no snapshot by this rule is taken for what it says it is: a change of a book that is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import msgspec
from msgspec import Struct

from ...tables.rows import Listing, Row
from ..model import (
    Channel,
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    History,
    Ids,
    Malformed,
    Missing,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, Id, unexpected
from .messages import ROWS, instruments, missed_header, missed_rows

__all__ = ["Gemini"]

_STREAMS = {"trade": "trade", "depth": "depth@100ms", "bookTicker": "bookTicker"}
_STREAMS_PER_CONNECTION = 300  # ours, not the exchange's: one broken link costs that many streams
_PING_ID = 1_000_000_000
_PING = f'{{"id":{_PING_ID},"method":"ping"}}'
_MOST_TRADES = 500
_LARGEST_NS = 2**63 - 1
_MILLISECOND = 1_000_000


class _Error(Struct, gc=False):
    code: int | None = None
    msg: str = ""


class _Message(Struct, gc=False):
    e: str = ""
    E: int = 0
    s: str = ""
    U: Id | None = None
    u: Id | None = None
    t: Id | None = None
    id: int | str | None = None
    status: int | None = None
    error: _Error | None = None


_message = msgspec.json.Decoder(_Message).decode


class Gemini(Exchange):
    """Gemini spot and perpetuals, market data only; no key needed."""

    name: ClassVar[str] = "gemini"
    websocket_url: ClassVar[str] = "wss://ws.gemini.com?snapshot=-1"
    rest_url: ClassVar[str] = "https://api.gemini.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=120, interval_seconds=0.5)
    connect_interval_seconds: ClassVar[float] = 1.0  # 300 attempts in five minutes
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel("trades", history=History.TIME),
            "depth": Channel("book_updates", Proof.CHAIN, snapshot="stream"),
            "bookTicker": Channel("quotes"),
        }
    )

    def symbol(self, text: str) -> str:
        """``BTCUSD`` and ``btcusd`` are the same; streams and tables have the lower-case one."""
        return text.strip().lower()

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One request per stream: one unknown name makes the exchange refuse the whole request."""
        wanted = list(dict.fromkeys(subscriptions))
        endpoint = _with_snapshots(url)
        return [
            ConnectionPlan(
                url=endpoint,
                requests=tuple(
                    Request(number, _call(number, "subscribe", one), (one,))
                    for number, one in enumerate(wanted[start : start + _STREAMS_PER_CONNECTION], 1)
                ),
                subscriptions=tuple(wanted[start : start + _STREAMS_PER_CONNECTION]),
                send_interval_seconds=0.05,
                keepalive_text=_PING,
                keepalive_seconds=20.0,
                silence_seconds=60.0,
            )
            for start in range(0, len(wanted), _STREAMS_PER_CONNECTION)
        ]

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """A new subscription begins with a new snapshot."""
        return tuple(_call(_PING_ID, method, subscription) for method in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The first 500 trades after a time; the exchange keeps seven days of them."""
        if missing.channel != "trade":
            return None
        after = max(0, missing.from_ns // _MILLISECOND - 1)
        path = f"/v1/trades/{quote(missing.symbol)}?timestamp={after}&limit_trades={_MOST_TRADES}"
        return RestRequest(path, weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The names only: what else there is to know would take one request for each of them."""
        return (RestRequest("/v1/symbols", weight=1),)

    def classify(self, payload: bytes) -> Header:
        """Read a message's symbol, time and ids; which fields it has tells what it is."""
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        symbol, first, last = message.s, message.U, message.u
        if not symbol:
            return _reply_header(message, payload)
        time = message.E if 0 < message.E <= _LARGEST_NS else None
        if message.e == "depthUpdate":
            if first is None or last is None or last < first:
                return Malformed()
            if first == last:
                return Data("depth", symbol, Ids(last, last), time, is_snapshot=True)
            return Data("depth", symbol, Ids(first + 1, last, first), time)
        if message.e:
            return unexpected(payload)
        if message.t is not None:
            return Data("trade", symbol, None, time)
        return Data("bookTicker", symbol, None, time) if last is not None else unexpected(payload)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Trades have no numbers to look for: DATA, if they can be read."""
        if channel != "trade":
            return unexpected(body)
        try:
            return missed_header(symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message."""
        return ROWS[header.channel](header, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode trades that were missed; auctions and block trades, which have no taker, are left out."""
        return missed_rows(header, body)

    def instruments(self, body: bytes) -> Listing:
        """The names, taken apart."""
        return instruments(body)


def _with_snapshots(url: str) -> str:
    """The URL with a wish for whole books, unless it says something about snapshots itself."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return parts._replace(query=urlencode({"snapshot": "-1"} | query)).geturl()


def _call(number: int, method: str, one: Subscription) -> str:
    call = {"id": number, "method": method, "params": [f"{one.symbol}@{_STREAMS[one.channel]}"]}
    return msgspec.json.encode(call).decode()


def _reply_header(message: _Message, payload: bytes) -> Header:
    if message.id is None or (message.status is None and message.error is None):
        return unexpected(payload)
    number = message.id if isinstance(message.id, int) else None
    if message.error is None and message.status == 200:
        return Reply(number)
    error = message.error or _Error(message.status)
    text = f"{error.msg or 'refused'} (code {error.code})"
    return Reply(number, error=text)


def _is_ours(message: dict[str, Any]) -> bool:
    symbol = message.get("s")
    return isinstance(symbol, str) and symbol != ""
