"""Coinbase Exchange: single trades with consecutive ids, proven even in silence by a heartbeat.

Protocol: docs.cdp.coinbase.com, "Exchange WebSocket feed". Without a key there are ``matches``,
``ticker``, ``heartbeat``, ``status`` and ``level2_batch``. The book has no sequence: what is lost inside
a connection cannot be seen. Its snapshot comes on the stream itself, right after subscribing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ...tables.rows import Listing, Row
from ..model import (
    Announcement,
    Channel,
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    Heartbeat,
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
from ..times import rfc3339_ns
from .messages import book_row, missed_header, missed_rows, products, quote_rows, trade_row

__all__ = ["CoinbaseExchange"]

_CHANNELS = {
    "match": "matches",
    "last_match": "matches",
    "l2update": "level2_batch",
    "snapshot": "level2_batch",
    "ticker": "ticker",
    "heartbeat": "heartbeat",
    "status": "status",
}
_SUBSCRIBED = {"level2": "level2_batch", "level2_50": "level2_batch"}
"""Names under which the exchange confirms or has confirmed a channel that is asked for by another."""

_ORDER = ("heartbeat", "status", "matches", "ticker", "level2_batch")
"""In which channels are asked for: the snapshots, megabytes each, after all that is small."""

_MOST_ROWS = 1000  # in one answer over REST
_PRODUCTS_PER_CONNECTION = 100  # ours, not the exchange's: one broken link costs that many products


class _Message(Struct):
    type: str
    product_id: str = ""
    time: str = ""
    trade_id: Id | None = None
    sequence: Id | None = None
    last_trade_id: Id | None = None


class _Subscribed(Struct):
    name: str = ""
    product_ids: list[str] | None = None


class _Reply(Struct):
    channels: list[_Subscribed | str] = []
    message: str = ""
    reason: str = ""


_message = msgspec.json.Decoder(_Message).decode
_reply = msgspec.json.Decoder(_Reply).decode


class CoinbaseExchange(Exchange):
    """Coinbase Exchange, the feed that needs no key."""

    name: ClassVar[str] = "coinbase_exchange"
    websocket_url: ClassVar[str] = "wss://ws-feed.exchange.coinbase.com"
    rest_url: ClassVar[str] = "https://api.exchange.coinbase.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=600, interval_seconds=0.15)
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "matches": Channel("trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
            "level2_batch": Channel("book_updates", snapshot="stream", silence_seconds=60.0),
            "ticker": Channel("quotes", silence_seconds=600.0),
            "heartbeat": Channel(None, silence_seconds=10.0),  # one per second and product
            "status": Channel(None, per_symbol=False),
        }
    )

    def symbol(self, text: str) -> str:
        """Products are spelled ``BTC-USD``."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Derivatives (``BTC-PERP-INTX``), which are not of this exchange."""
        return f"{symbol} is a derivative. Write it below coinbase." if symbol.count("-") > 1 else ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 100 products, one request per channel, so that a refusal costs only that one."""
        wanted = list(dict.fromkeys(subscriptions))
        products = list(dict.fromkeys(one.symbol for one in wanted if self.channels[one.channel].per_symbol))
        groups = [
            set(products[start : start + _PRODUCTS_PER_CONNECTION])
            for start in range(0, len(products), _PRODUCTS_PER_CONNECTION)
        ] or [set()]
        plans = []
        for number, group in enumerate(groups):
            # What is not of one product (status) goes with the first connection.
            mine = [
                one
                for one in wanted
                if (one.symbol in group if self.channels[one.channel].per_symbol else number == 0)
            ]
            if mine:
                plans.append(ConnectionPlan(url=url, requests=_requests(mine), subscriptions=tuple(mine)))
        return plans

    def classify(self, payload: bytes) -> Header:
        """Read a message's type, product, time and ids."""
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        kind = message.type
        channel = _CHANNELS.get(kind)
        if channel is None:
            return _reply_header(payload, kind) if kind in ("subscriptions", "error") else unexpected(payload)
        symbol = message.product_id
        if kind == "status":
            return Data(channel)
        if not symbol:
            return Malformed()
        exchange_ns = rfc3339_ns(message.time) if message.time else None
        if channel == "matches":
            number = message.trade_id
            if number is None:
                return Malformed()
            return Data(channel, symbol, Ids(number, number), exchange_ns)
        if kind == "heartbeat":
            number = message.last_trade_id
            last = None if number is None else Announcement("matches", number)
            return Heartbeat(channel, symbol, exchange_ns, last)
        number = message.sequence if kind == "ticker" else None
        return Data(channel, symbol, None if number is None else Ids(number, number), exchange_ns)

    def snapshot_request(self, symbol: str) -> RestRequest:
        """No channel needs one: the stream sends its own snapshot. Asking is a mistake in our code."""
        raise ValueError(f"{self.name} sends the snapshot of {symbol} on the stream; ask for none over REST")

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Books over REST share no numbers with the stream and are not read."""
        return unexpected(body)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; heartbeats and status have no rows."""
        symbol = header.symbol
        if header.channel == "matches":
            return (trade_row(symbol, payload),)
        if header.channel == "level2_batch":
            return (book_row(symbol, payload),)
        if header.channel == "ticker":
            return quote_rows(symbol, payload)
        return ()

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The oldest of the trades that are missing, at most 1000: those before an id, newest first."""
        if missing.channel != "matches" or missing.first is None or missing.last is None:
            return None
        last = min(missing.last, missing.first + _MOST_ROWS - 1)
        limit = last - missing.first + 1
        path = f"/products/{quote(missing.symbol)}/trades?after={last + 1}&limit={limit}"
        return RestRequest(path, weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """The ids of the trades in an answer."""
        try:
            return missed_header(channel, symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode an answer, oldest first."""
        return missed_rows(header.symbol, body)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET /products``, all of them in one answer."""
        return (RestRequest("/products", weight=1),)

    def instruments(self, body: bytes) -> Listing:
        """Read the answer to it."""
        return products(body)


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    requests: list[Request] = []
    for channel in _ORDER:
        part = tuple(one for one in subscriptions if one.channel == channel)
        if not part:
            continue
        message: dict[str, object] = {"type": "subscribe"}
        if products := [one.symbol for one in part if one.symbol]:
            message["product_ids"] = products
        message["channels"] = [channel]
        requests.append(Request(len(requests) + 1, msgspec.json.encode(message).decode(), part))
    return tuple(requests)


def _is_ours(message: dict[str, Any]) -> bool:
    kind = message.get("type")
    return isinstance(kind, str) and kind in _CHANNELS


def _reply_header(payload: bytes, kind: str) -> Header:
    try:
        reply = _reply(payload)
    except UNREADABLE:
        return Malformed()
    if kind == "error":
        text = ": ".join(part for part in (reply.message, reply.reason) if part)
        return Reply(error=text or "refused without a reason")
    served = []
    for entry in reply.channels:
        if isinstance(entry, str):
            continue
        channel = _SUBSCRIBED.get(entry.name, entry.name)
        symbols = ("",) if channel == "status" else entry.product_ids or ()
        served += [Subscription(channel, symbol) for symbol in symbols]
    return Reply(subscriptions=tuple(served))
