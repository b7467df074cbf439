"""Bybit v5, linear contracts and spot: books whose messages are counted, trades that nothing proves.

Protocol: bybit-exchange.github.io/docs/v5, ``websocket/public``, ``ws/connect`` and ``market``. Trades
have ids without an order (UUIDs; on spot long numbers, of whose steps the exchange promises nothing): what
is lost while a connection lives cannot be seen, and over REST there are only the newest. Sizes are in
the base.

The book is ``orderbook.200``: 100 ms apart (200 on spot), as other exchanges' are. 50 levels come every 20 ms
and cost several times as much for a book a quarter as deep; 1000 levels come every 200 ms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

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
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from . import rest as bybit_rest
from .messages import READERS, Reader
from .requests import connections, text

__all__ = ["Bybit", "BybitSpot"]

_DEPTHS = ("50", "200", "500", "1000")

_PREFIX = b'{"topic":"'
_PREFIX_LENGTH = len(_PREFIX)
_OPTION = re.compile(r"-[CP](?:-[A-Z]+)?$")
_DATED = re.compile(r"-\d")
_COIN = re.compile(r"[A-Z]{1,4}")  # a contract names what it is paid in too
_INVERSE = re.compile(r"[0-9A-Z]+USD(?:[FGHJKMNQUVXZ]\d\d)?")
_TOPIC = re.compile(r"topic:([^\s,\"]+)")


class _Other(Struct, gc=False):
    """What tells all other messages apart: answers, and data whose topic does not come first."""

    topic: str = ""
    op: str = ""
    success: bool | None = None
    ret_msg: str | None = None
    req_id: str | None = None


_other = msgspec.json.Decoder(_Other).decode


class Bybit(Exchange):
    """Bybit's USDT and USDC perpetuals and futures, market data only; no key needed."""

    name: ClassVar[str] = "bybit"
    category: ClassVar[str] = "linear"
    websocket_url: ClassVar[str] = "wss://stream.bybit.com/v5/public/linear"
    rest_url: ClassVar[str] = "https://api.bybit.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=1200)  # of 600 requests in 5 s
    connect_interval_seconds: ClassVar[float] = 0.6  # 500 connections in 5 minutes
    newest_trades: ClassVar[int] = 1000
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "publicTrade": Channel("trades", silence_seconds=600.0, history=History.NEWEST),
            "orderbook": Channel("book_updates", proof=Proof.IDS, snapshot="stream", silence_seconds=60.0),
            "orderbook1": Channel("quotes", silence_seconds=60.0),  # again after 3 s without a change
            "tickers": Channel("derivative_tickers", silence_seconds=60.0),
            "allLiquidation": Channel("liquidations"),
        }
    )

    def symbol(self, text: str) -> str:
        """``BTCUSDT``, ``BTCPERP``, ``BTC-27DEC24``; a spot pair and a perpetual share their name."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, also under the coin alone by which their trades come, and inverse contracts."""
        if _OPTION.search(symbol) or _COIN.fullmatch(symbol):
            return f"{symbol} is of options, and options are not recorded. Write for example BTCUSDT."
        if _INVERSE.fullmatch(symbol):
            return f"{symbol} is an inverse contract, and these are not recorded. Write for example BTCUSDT."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 50 symbols or 21,000 characters of topics, asked for ten at a time."""
        return connections(subscriptions, url, self.category)

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Leave and ask again: a book begins with a snapshot. Without a number, as no request is open."""
        return tuple(text(op, [subscription]) for op in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The newest trades, as many as there are: the exchange knows neither numbers nor times here."""
        if missing.channel != "publicTrade":
            return None
        query = f"category={self.category}&symbol={quote(missing.symbol)}&limit={self.newest_trades}"
        return RestRequest(path=f"/v5/market/recent-trade?{query}", weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """What trades, and what will, in pages of 1000, the largest there are. Where a second page begins
        only the first one says; so far the first one holds them all."""
        path = f"/v5/market/instruments-info?category={self.category}&limit=1000"
        return tuple(RestRequest(path=path + status, weight=1) for status in ("", "&status=PreLaunch"))

    def classify(self, payload: bytes) -> Header:
        """Read a message: the topic says what to look for, one pass finds it."""
        try:
            end = payload.find(b'"', _PREFIX_LENGTH)
            found = _begins(payload[:end]) if end > 0 else None
            if found and found[0].channel in self.channels:
                return found[0].header(found[1], payload)
            return self._other_header(payload)
        except UNREADABLE:
            return unexpected(payload, self._is_ours)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """An answer of ``recent-trade`` begins at its header's time; an error is no answer."""
        try:
            return bybit_rest.trades_header(channel, symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; one of trades or liquidations has several rows, oldest first."""
        return READERS[header.channel].rows(header.symbol, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """The trades of an answer, which have the ids that the stream gives them."""
        return bybit_rest.trades(header.symbol, body)

    def instruments(self, body: bytes) -> Listing:
        """Read one answer of ``instruments-info``."""
        return bybit_rest.instruments(body)

    def _stream(self, topic: str) -> tuple[Reader[Any, Any], str] | None:
        found = _stream(topic)
        return found if found and found[0].channel in self.channels else None

    def _other_header(self, payload: bytes) -> Header:
        other = _other(payload)
        if other.topic:
            found = self._stream(other.topic)
            return found[0].header(found[1], payload) if found else unexpected(payload)
        if other.op == "pong" or (other.op == "ping" and other.success is not False):
            return Heartbeat()
        if other.success is None:
            return unexpected(payload)
        return self._reply(other)

    def _reply(self, other: _Other) -> Reply:
        asked = other.req_id or ""
        number = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 10 else None
        if other.success:
            return Reply(number)
        error = other.ret_msg or "refused without a reason"
        match = _TOPIC.search(error)
        found = self._stream(match[1]) if match else None
        named = (Subscription(found[0].channel, found[1]),) if found else ()
        return Reply(number, named, error)

    def _is_ours(self, message: dict[str, Any]) -> bool:
        topic = message.get("topic")
        return isinstance(topic, str) and bool(self._stream(topic))


class BybitSpot(Bybit):
    """Bybit's spot market: the same protocol on another path, without what only derivatives have."""

    name: ClassVar[str] = "bybit_spot"
    category: ClassVar[str] = "spot"
    websocket_url: ClassVar[str] = "wss://stream.bybit.com/v5/public/spot"
    newest_trades: ClassVar[int] = 60
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {name: Bybit.channels[name] for name in ("publicTrade", "orderbook", "orderbook1")}
    )

    def refuses(self, symbol: str) -> str:
        """Contracts with a date, and options: a pair has no dash."""
        return (
            f"{symbol} is a contract, no pair of spot. Write it below bybit." if _DATED.search(symbol) else ""
        )

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """All pairs: there are no pages on spot."""
        return (RestRequest(path="/v5/market/instruments-info?category=spot", weight=1),)


def _stream(topic: str) -> tuple[Reader[Any, Any], str] | None:
    """The reader and the symbol of a topic; None where it is none of ours."""
    channel, _, symbol = topic.partition(".")
    if channel == "orderbook":
        depth, _, symbol = symbol.partition(".")
        channel = "orderbook1" if depth == "1" else "orderbook" if depth in _DEPTHS else ""
    elif channel == "orderbook1":
        channel = ""
    reader = READERS.get(channel)
    return (reader, symbol) if reader and symbol and "." not in symbol else None


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Reader[Any, Any], str] | None:
    """The same for how a message begins, up to the end of the topic: no need to decode that twice."""
    if not beginning.startswith(_PREFIX) or b"\\" in beginning:
        return None
    try:
        return _stream(beginning[_PREFIX_LENGTH:].decode())
    except UnicodeDecodeError:
        return None
