"""Hyperliquid: trades without any order of ids, books as pictures, one after the other.

Protocol: hyperliquid.gitbook.io, "API: Websocket: Subscriptions", "Rate limits and user limits". Nothing is
numbered: trades carry an id that is unique but not ordered, and each book is the whole of what is sent of
it. That nothing is missing cannot be proved; two connections at once lose less than one.

An unknown coin ends the whole connection without a word, so that symbols must be right: BTC, kPEPE (the
case counts), PURR/USDC and @107 for spot pairs. The exchange ends a connection to which it has sent nothing
for a minute; it answers ``{"method":"ping"}``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Listing, Row
from ..model import (
    Channel,
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    Heartbeat,
    Malformed,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from .messages import READERS, instruments

__all__ = ["Hyperliquid"]

_SUBSCRIPTIONS_PER_CONNECTION = 200  # 1000 and ten connections per address: all can be served twice
_GREETING = b"Websocket connection established."
_PONG = b'{"channel":"pong"}'
_ALIASES = {"activeSpotAssetCtx": "activeAssetCtx"}


class _Message(Struct, gc=False):
    channel: str
    data: Raw = Raw()


class _Named(Struct, gc=False):
    type: str = ""
    coin: str = ""


class _Answer(Struct, gc=False):
    method: str = ""
    subscription: _Named = msgspec.field(default_factory=_Named)


_message = msgspec.json.Decoder(_Message).decode
_answer = msgspec.json.Decoder(_Answer).decode
_named = msgspec.json.Decoder(_Named).decode
_text = msgspec.json.Decoder(str).decode


class Hyperliquid(Exchange):
    """Hyperliquid, perpetuals and spot; no key needed. Amounts are of the base."""

    name: ClassVar[str] = "hyperliquid"
    symbol_marks: ClassVar[str] = "-_.:/@"
    websocket_url: ClassVar[str] = "wss://api.hyperliquid.xyz/ws"
    rest_url: ClassVar[str] = "https://api.hyperliquid.xyz"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=1200)
    connect_interval_seconds: ClassVar[float] = 2.0  # 30 connections per minute
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trades": Channel("trades"),
            "l2Book": Channel(
                "book_updates",
                snapshot="stream",
                silence_seconds=60.0,  # idle books are sent again too
                lossy="a picture of the best 20 levels of each side every few seconds, not what changed",
            ),
            "bbo": Channel("quotes", lossy="at most one per block, of what the block left"),
            "activeAssetCtx": Channel("derivative_tickers"),
        }
    )

    def symbol(self, text: str) -> str:
        """The exchange's coin: case counts, kPEPE is not KPEPE."""
        return text.strip()

    def refuses(self, symbol: str) -> str:
        """Markets that builders deployed (HIP-3), of which the exchange's own lists do not tell."""
        if ":" in symbol:
            return f"{symbol} is of a builder's market (HIP-3), which is not recorded. Write for example BTC."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 200 streams; the exchange serves an address at most 1000 on ten."""
        wanted = list(dict.fromkeys(subscriptions))
        endpoint = _endpoint(url)
        plans = []
        for start in range(0, len(wanted), _SUBSCRIPTIONS_PER_CONNECTION):
            part = tuple(wanted[start : start + _SUBSCRIPTIONS_PER_CONNECTION])
            asked = [Request(number, _ask("subscribe", one), (one,)) for number, one in enumerate(part, 1)]
            plans.append(
                ConnectionPlan(
                    url=endpoint,
                    requests=tuple(asked),
                    subscriptions=part,
                    send_interval_seconds=0.1,  # 2000 messages per minute and address
                    keepalive_text='{"method":"ping"}',
                    silence_seconds=60.0,
                )
            )
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing anew brings a whole book at once, as each message is."""
        return _ask("unsubscribe", subscription), _ask("subscribe", subscription)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``POST /info``: the exchange's own perpetuals (not those that builders deployed) and spot."""
        return (
            RestRequest("/info", weight=20, body=b'{"type":"meta"}'),
            RestRequest("/info", weight=20, body=b'{"type":"spotMeta"}'),
        )

    def classify(self, payload: bytes) -> Header:
        """Read a message's channel, coin and time."""
        if payload in (_PONG, _GREETING):
            return Heartbeat()
        try:
            message = _message(payload)
        except UNREADABLE:
            return unexpected(payload)
        channel = _ALIASES.get(message.channel, message.channel)
        try:
            if channel in READERS:
                return READERS[channel].header(channel, message.data)
            if channel == "subscriptionResponse":
                answer = _answer(message.data)
                stream = _stream(answer.subscription)
                served = (stream,) if stream and answer.method == "subscribe" else ()
                return Reply(subscriptions=served)
            if channel == "error":
                return _refusal(_text(message.data))
        except UNREADABLE:
            return Malformed()
        return Heartbeat() if channel == "pong" else unexpected(payload)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its coins."""
        return READERS[header.channel].rows(_message(payload).data)

    def instruments(self, body: bytes) -> Listing:
        """Read an answer to ``meta`` or ``spotMeta``."""
        return instruments(body)


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/ws')}/ws").geturl()


def _ask(method: str, stream: Subscription) -> str:
    subscription = {"type": stream.channel, "coin": stream.symbol}
    return msgspec.json.encode({"method": method, "subscription": subscription}).decode()


def _stream(named: _Named) -> Subscription | None:
    channel = _ALIASES.get(named.type, named.type)
    return Subscription(channel, named.coin) if channel in READERS and named.coin else None


def _refusal(text: str) -> Reply:
    """The exchange repeats what it refuses: ``Already subscribed: {"type":"trades","coin":"BTC"}``."""
    begin = text.find("{")
    try:
        stream = _stream(_named(text[begin:])) if begin >= 0 else None
    except UNREADABLE:
        stream = None
    return Reply(subscriptions=(stream,) if stream else (), error=text or "refused without a reason")
