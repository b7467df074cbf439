"""Coinbase Advanced Trade: every frame of a connection is numbered, whatever it is about.

Protocol: docs.cdp.coinbase.com, coinbase-app/advanced-trade-apis/websocket. A gap in ``sequence_num``
concerns everything on the connection, so few books share one, and trades never share one with books.
Trades have consecutive ids besides. The books' snapshots come on the stream, megabytes each; what is asked
for as ``level2`` arrives as ``l2_data``. Heartbeats keep all subscriptions open: each connection asks for
them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec

from ...tables.rows import Listing, Row
from ..model import (
    Channel,
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    Heartbeat,
    History,
    Malformed,
    Missing,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
    Unknown,
    joined,
)
from ..reading import UNREADABLE, unexpected
from .messages import Envelope, headers, rows
from .rest import backfill_header, backfill_rows, instruments

__all__ = ["Coinbase"]

_CHANNELS = {"market_trades": "market_trades", "ticker": "ticker", "l2_data": "level2"}
_PRODUCTS_PER_CONNECTION = {False: 50, True: 8}  # without and with books; ours, the exchange names no limit
_USDC_BOOKS = ("USDT-USDC", "EURC-USDC")
_PRODUCTS = "/api/v3/brokerage/market/products"
_PAGE = 1000
_SECOND_NS = 1_000_000_000

_envelope = msgspec.json.Decoder(Envelope, strict=False).decode


class Coinbase(Exchange):
    """Coinbase Advanced Trade, market data only; no key needed. Futures count contracts."""

    name: ClassVar[str] = "coinbase"
    websocket_url: ClassVar[str] = "wss://advanced-trade-ws.coinbase.com"
    rest_url: ClassVar[str] = "https://api.coinbase.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=600, interval_seconds=0.15)
    # At most 8 messages per second and address: each new connection says up to three things.
    connect_interval_seconds: ClassVar[float] = 0.5
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "market_trades": Channel("trades", Proof.IDS, history=History.TIME),
            "level2": Channel("book_updates", Proof.SEQUENCE, snapshot="stream"),
            "ticker": Channel(
                "quotes", proof=Proof.SEQUENCE, lossy="the top of the book only when a trade is made"
            ),
        }
    )

    def symbol(self, text: str) -> str:
        """Products are spelled ``BTC-USD``; ``BTC-USDC`` is another name of the same book."""
        product = text.strip().upper()
        if product.endswith("-USDC") and product not in _USDC_BOOKS:
            return product.removesuffix("C")
        return product

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """Books apart from all else: 8 to a connection, and 50 products where there are no books."""
        wanted = list(dict.fromkeys(subscriptions))
        plans = []
        for books, size in _PRODUCTS_PER_CONNECTION.items():
            mine = [one for one in wanted if (one.channel == "level2") is books]
            products = list(dict.fromkeys(one.symbol for one in mine))
            for start in range(0, len(products), size):
                group = set(products[start : start + size])
                served = tuple(one for one in mine if one.symbol in group)
                plans.append(
                    ConnectionPlan(
                        url=url,
                        requests=_requests(served),
                        subscriptions=served,
                        silence_seconds=10.0,  # a heartbeat comes every second
                    )
                )
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing anew brings a whole book (or the latest trades)."""
        products = [subscription.symbol]
        return tuple(_text(kind, subscription.channel, products) for kind in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The trades of a span of time, the latest 1000 of it, newest first; the URL takes whole seconds.

        What was before them is asked for next, with a span that ends where they begin. By id trades can be
        had only of Coinbase Exchange, another host, which knows no futures.
        """
        if missing.channel != "market_trades":
            return None
        start, end = missing.from_ns // _SECOND_NS - 1, missing.to_ns // _SECOND_NS + 2
        path = f"{_PRODUCTS}/{quote(missing.symbol, safe='')}/ticker"
        return RestRequest(f"{path}?limit={_PAGE}&start={max(start, 0)}&end={end}", weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The products: spot, and futures apart."""
        return tuple(RestRequest(f"{_PRODUCTS}?product_type={kind}", 1) for kind in ("SPOT", "FUTURE"))

    def classify(self, payload: bytes) -> Header:
        """Read a message's channel, products, number, time and trade ids."""
        try:
            message = _envelope(payload)
            if channel := _CHANNELS.get(message.channel):
                found = headers(channel, message)
                return joined(found) if found else Heartbeat(sequence=message.sequence_num)
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        if message.channel == "heartbeats":
            return Heartbeat(sequence=message.sequence_num)
        if message.channel == "subscriptions":
            return _served(message)
        if message.type == "error":
            error = message.message or "refused without a reason"
            return Reply(error=error, sequence=message.sequence_num)
        header = unexpected(payload)
        if message.sequence_num is None or not isinstance(header, Unknown):
            return header
        return Unknown(sequence=message.sequence_num)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the trade ids of an answer."""
        try:
            return backfill_header(symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its products."""
        return rows(header.channel, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer."""
        return backfill_rows(header.symbol, body)

    def identity(self, header: Data, payload: bytes) -> bytes:
        """The events: the number in front of them is the connection's, and so is the time."""
        start = payload.find(b'"events"')
        return payload[start:] if start >= 0 else payload

    def instruments(self, body: bytes) -> Listing:
        """Read the products of an answer."""
        return instruments(body)


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    """Heartbeats, and one request per channel: the exchange takes one channel at a time."""
    requests = [Request(1, _text("subscribe", "heartbeats", ()), ())]
    for channel in _CHANNELS.values():
        part = tuple(one for one in subscriptions if one.channel == channel)
        if part:
            text = _text("subscribe", channel, [one.symbol for one in part])
            requests.append(Request(len(requests) + 1, text, part))
    return tuple(requests)


def _text(kind: str, channel: str, products: Sequence[str]) -> str:
    message: dict[str, object] = {"type": kind}
    if products:
        message["product_ids"] = products
    message["channel"] = channel
    return msgspec.json.encode(message).decode()


def _served(message: Envelope) -> Reply:
    """All that the connection is subscribed to by now."""
    return Reply(
        subscriptions=tuple(
            Subscription(channel, product)
            for event in message.events
            for channel, products in (event.subscriptions or {}).items()
            if channel in Coinbase.channels
            for product in products
        ),
        sequence=message.sequence_num,
    )


def _is_ours(message: dict[str, Any]) -> bool:
    channel = message.get("channel")
    return isinstance(channel, str) and channel in _CHANNELS
