"""Coinbase Exchange: single trades with consecutive ids, proven even in silence by a heartbeat.

Protocol: docs.cdp.coinbase.com, "Exchange WebSocket feed". Without a key there are ``matches``,
``ticker``, ``heartbeat``, ``status`` and ``level2_batch``. The book has no sequence: what is lost inside
a connection cannot be seen. Its snapshot comes on the stream itself, right after subscribing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal

import msgspec
from msgspec import Struct

from .base import (
    BookUpdate,
    Channel,
    ConnectionPlan,
    Header,
    Ids,
    Kind,
    Level,
    Proof,
    Quote,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Row,
    Subscription,
    Trade,
    Venue,
)
from .reading import UNREADABLE, Amount, Id, unexpected
from .times import rfc3339_ns

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
"""Names under which the venue confirms or has confirmed a channel that is asked for by another."""

_ORDER = ("heartbeat", "status", "matches", "ticker", "level2_batch")
"""In which channels are asked for: the snapshots, megabytes each, after all that is small."""

_PRODUCTS_PER_CONNECTION = 100  # ours, not the venue's: one broken link costs that many products
_TAKER = {"buy": "sell", "sell": "buy"}
_DATA, _HEARTBEAT, _MALFORMED = Kind.DATA, Kind.HEARTBEAT, Header(Kind.MALFORMED)


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


class _Match(Struct):
    trade_id: Id
    side: Literal["buy", "sell"]
    size: Amount
    price: Amount
    time: str = ""


class _Ticker(Struct):
    best_bid: Amount | Literal[""] | None = None
    best_ask: Amount | Literal[""] | None = None
    best_bid_size: Amount | Literal[""] | None = None
    best_ask_size: Amount | Literal[""] | None = None
    sequence: Id | None = None
    time: str = ""


class _Update(Struct):
    changes: list[tuple[Literal["buy", "sell"], Amount, Amount]]
    time: str = ""


class _Snapshot(Struct):
    bids: list[tuple[Amount, Amount]]
    asks: list[tuple[Amount, Amount]]
    time: str = ""


class _LooseSnapshot(Struct):
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    time: str = ""


_message = msgspec.json.Decoder(_Message).decode
_reply = msgspec.json.Decoder(_Reply).decode
_match = msgspec.json.Decoder(_Match, strict=False).decode
_ticker = msgspec.json.Decoder(_Ticker, strict=False).decode
_update = msgspec.json.Decoder(_Update, strict=False).decode
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False).decode
_loose_snapshot = msgspec.json.Decoder(_LooseSnapshot).decode
_amount = msgspec.json.Decoder(Amount, strict=False).decode


class CoinbaseExchange(Venue):
    """Coinbase Exchange, the feed that needs no key."""

    name: ClassVar[str] = "coinbase_exchange"
    websocket_url: ClassVar[str] = "wss://ws-feed.exchange.coinbase.com"
    rest_url: ClassVar[str] = "https://api.exchange.coinbase.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=600)
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "matches": Channel(table="trades", proof=Proof.IDS, silence_seconds=600.0),
            "level2_batch": Channel(table="book_updates", snapshot="stream", silence_seconds=60.0),
            "ticker": Channel(table="quotes", silence_seconds=600.0),
            "heartbeat": Channel(table=None, silence_seconds=10.0),  # one per second and product
            "status": Channel(table=None, per_symbol=False),
        }
    )

    def symbol(self, text: str) -> str:
        """Products are spelled ``BTC-USD``."""
        return text.strip().upper()

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
            return _unreadable(payload)
        kind = message.type
        channel = _CHANNELS.get(kind)
        if channel is None:
            return _reply_header(payload, kind) if kind in ("subscriptions", "error") else unexpected(payload)
        symbol = message.product_id
        if kind == "status":
            return Header(_DATA, channel)
        if not symbol:
            return _MALFORMED
        venue_ns = rfc3339_ns(message.time) if message.time else None
        if channel == "matches":
            number = message.trade_id
            if number is None:
                return _MALFORMED
            return Header(_DATA, channel, symbol, Ids(number, number), venue_ns)
        if kind == "heartbeat":
            number = message.last_trade_id
            ids = None if number is None else Ids(number, number)
            return Header(_HEARTBEAT, channel, symbol, ids, venue_ns, "matches" if ids else None)
        number = message.sequence if kind == "ticker" else None
        return Header(_DATA, channel, symbol, None if number is None else Ids(number, number), venue_ns)

    def snapshot_request(self, symbol: str) -> RestRequest:
        """No channel needs one: the stream sends its own snapshot. Asking is a mistake in our code."""
        raise ValueError(f"{self.name} sends the snapshot of {symbol} on the stream; ask for none over REST")

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Books over REST share no numbers with the stream and are not read."""
        return unexpected(body)

    def normalize(self, header: Header, payload: bytes) -> Sequence[Row]:
        """Decode a message; heartbeats and status have no rows."""
        symbol = header.symbol
        if header.channel == "matches":
            match = _match(payload)
            # The venue gives the maker's side; the tables have the taker's.
            side = _TAKER[match.side]
            time = rfc3339_ns(match.time)
            return (Trade(symbol, time, str(match.trade_id), side, match.price, match.size),)
        if header.channel == "level2_batch":
            return (_book(symbol, payload),)
        if header.channel == "ticker":
            return (_quote(symbol, payload),)
        return ()


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


def _unreadable(payload: bytes) -> Header:
    """A message of one of our types with impossible fields is damage; of another type it is unknown."""
    header = unexpected(payload)
    if header.kind is Kind.UNKNOWN:
        message = msgspec.json.decode(payload)
        kind = message.get("type") if isinstance(message, dict) else None
        if isinstance(kind, str) and kind in _CHANNELS:
            return _MALFORMED
    return header


def _reply_header(payload: bytes, kind: str) -> Header:
    try:
        reply = _reply(payload)
    except UNREADABLE:
        return _MALFORMED
    if kind == "error":
        text = ": ".join(part for part in (reply.message, reply.reason) if part)
        return Header(Kind.REPLY, reply=Reply(error=text or "refused without a reason"))
    served = []
    for entry in reply.channels:
        if isinstance(entry, str):
            continue
        channel = _SUBSCRIBED.get(entry.name, entry.name)
        symbols = ("",) if channel == "status" else entry.product_ids or ()
        served += [Subscription(channel, symbol) for symbol in symbols]
    return Header(Kind.REPLY, reply=Reply(subscriptions=tuple(served)))


def _quote(symbol: str, payload: bytes) -> Quote:
    ticker = _ticker(payload)
    return Quote(
        symbol,
        rfc3339_ns(ticker.time),
        bid_price=_sent(ticker.best_bid),
        bid_amount=_sent(ticker.best_bid_size),
        ask_price=_sent(ticker.best_ask),
        ask_amount=_sent(ticker.best_ask_size),
        last_id=ticker.sequence,
    )


def _sent(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


def _book(symbol: str, payload: bytes) -> BookUpdate:
    if _message(payload).type == "l2update":
        update = _update(payload)
        bids = [(price, amount) for side, price, amount in update.changes if side == "buy"]
        asks = [(price, amount) for side, price, amount in update.changes if side == "sell"]
        return BookUpdate(symbol, rfc3339_ns(update.time), False, bids, asks)
    try:
        book = _snapshot(payload)
    except msgspec.ValidationError:
        # Snapshots with a few impossible amounts ('0.-10000') occur: one level must not cost the book.
        loose = _loose_snapshot(payload)
        return BookUpdate(symbol, rfc3339_ns(loose.time), True, _sound(loose.bids), _sound(loose.asks))
    return BookUpdate(symbol, rfc3339_ns(book.time), True, book.bids, book.asks)


def _sound(levels: Sequence[tuple[str, str]]) -> list[Level]:
    kept = []
    for price, amount in levels:
        try:
            kept.append((_amount(msgspec.json.encode(price)), _amount(msgspec.json.encode(amount))))
        except msgspec.ValidationError:
            continue
    return kept
