"""Binance spot: combined streams; every trade and every book update has a consecutive number.

Protocol: binance-spot-api-docs, ``web-socket-streams.md`` and ``rest-api.md``. Books need a snapshot
over REST; the stream's update ids then prove each step (``U == previous u + 1``). Times come in
milliseconds, or in microseconds where the URL asks for ``timeUnit=MICROSECOND``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Raw, Struct

from .base import (
    Channel,
    ConnectionPlan,
    Header,
    Kind,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Row,
    Subscription,
    Venue,
)
from .binance_messages import READERS, snapshot_ids, snapshot_row
from .reading import UNREADABLE, unexpected

__all__ = ["Binance"]

_STREAMS = {"trade": "trade", "aggTrade": "aggTrade", "depth": "depth@100ms", "bookTicker": "bookTicker"}
_CHANNELS = {stream: channel for channel, stream in _STREAMS.items()} | dict.fromkeys(
    ("depth", "depth@0ms", "depth@250ms", "depth@500ms", "depth@1000ms"), "depth"
)
_EVENTS = {"trade": "trade", "aggTrade": "aggTrade", "depthUpdate": "depth", "bookTicker": "bookTicker"}

_STREAMS_PER_CONNECTION = 1024
_STREAMS_PER_REQUEST = 200
_PREFIX = b'{"stream":"'
_PREFIX_LENGTH = len(_PREFIX)
_SHUTDOWN = "serverShutdown"
_NOTICE = Header(Kind.NOTICE)
_MALFORMED = Header(Kind.MALFORMED)


class _Error(Struct, gc=False):
    code: int | None = None
    msg: str = ""


class _Other(Struct, gc=False):
    """What tells all other messages apart: replies, notices, raw streams' events."""

    stream: str = ""
    e: str = ""
    s: str = ""
    u: int | None = None
    B: Raw = Raw()
    A: Raw = Raw()
    result: Raw = Raw()
    error: _Error | None = None
    code: int | None = None
    msg: str = ""
    id: int | str | None = None


_other = msgspec.json.Decoder(_Other).decode


class Binance(Venue):
    """Binance spot, market data only; no key needed."""

    name: ClassVar[str] = "binance"
    websocket_url: ClassVar[str] = "wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND"
    rest_url: ClassVar[str] = "https://api.binance.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=6000, used_header="X-MBX-USED-WEIGHT-1M")
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel(table="trades", proof=Proof.IDS, silence_seconds=300.0),
            "aggTrade": Channel(table="agg_trades", proof=Proof.IDS, silence_seconds=300.0),
            "depth": Channel(table="book_updates", proof=Proof.IDS, snapshot="rest", silence_seconds=60.0),
            "bookTicker": Channel(table="quotes", silence_seconds=60.0),
        }
    )

    def symbol(self, text: str) -> str:
        """``btcusdt`` and ``BTCUSDT`` are the same; tables have the upper-case one."""
        return text.strip().upper()

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 1024 streams (the venue's limit), asked for in requests of 200."""
        wanted = list(dict.fromkeys(subscriptions))
        endpoint = _combined(url)
        return [
            ConnectionPlan(
                url=endpoint,
                requests=tuple(_requests(wanted[start : start + _STREAMS_PER_CONNECTION])),
                subscriptions=tuple(wanted[start : start + _STREAMS_PER_CONNECTION]),
                send_interval_seconds=0.25,  # at most 5 messages/s, pings included
                lifetime_seconds=24 * 3600.0,
            )
            for start in range(0, len(wanted), _STREAMS_PER_CONNECTION)
        ]

    def classify(self, payload: bytes) -> Header:
        """Read a message: the stream's name says which ids to look for, one pass finds them."""
        try:
            found = _begins(payload[: payload.find(b'"', _PREFIX_LENGTH)])
            return found[0](found[1], payload) if found else _other_header(payload)
        except UNREADABLE:
            return _unreadable(payload)

    def snapshot_request(self, symbol: str) -> RestRequest:
        """``GET /api/v3/depth`` with all 5000 levels, the most there are."""
        return RestRequest(path=f"/api/v3/depth?symbol={quote(symbol)}&limit=5000", weight=250)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """A snapshot stands for all updates up to ``lastUpdateId``; it carries no time."""
        try:
            return Header(Kind.DATA, "depth", symbol, snapshot_ids(body))
        except UNREADABLE:
            return _MALFORMED

    def normalize(self, header: Header, payload: bytes) -> Sequence[Row]:
        """Decode a message, enveloped or not, or the body of a snapshot."""
        try:
            return (READERS[header.channel].row(header.symbol, payload),)
        except msgspec.ValidationError:
            if header.channel != "depth":
                raise
            return (snapshot_row(header.symbol, payload),)


def _combined(url: str) -> str:
    """The combined endpoint of a URL that may name the host only, ``/ws`` or ``/stream``."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/").removesuffix("/ws").removesuffix("/stream")
    return parts._replace(path=f"{path}/stream").geturl()


def _requests(subscriptions: Sequence[Subscription]) -> list[Request]:
    requests: list[Request] = []
    for start in range(0, len(subscriptions), _STREAMS_PER_REQUEST):
        part = tuple(subscriptions[start : start + _STREAMS_PER_REQUEST])
        params = [f"{one.symbol.lower()}@{_STREAMS[one.channel]}" for one in part]
        number = len(requests) + 1
        text = msgspec.json.encode({"method": "SUBSCRIBE", "params": params, "id": number}).decode()
        requests.append(Request(number, text, part))
    return requests


def _stream(name: str) -> tuple[Callable[[str, bytes], Header], str] | None:
    """The header's reader and the symbol of a stream's name; None where it is no stream of ours."""
    symbol, _, stream = name.partition("@")
    channel = _CHANNELS.get(stream)
    return (READERS[channel].header, symbol.upper()) if channel and symbol else None


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Callable[[str, bytes], Header], str] | None:
    """The same for how a message begins, up to the end of the name: no need to decode that twice."""
    if not beginning.startswith(_PREFIX) or b"\\" in beginning:
        return None
    try:
        return _stream(beginning[_PREFIX_LENGTH:].decode())
    except UnicodeDecodeError:
        return None


def _other_header(payload: bytes) -> Header:
    other = _other(payload)
    if other.e == _SHUTDOWN or other.stream.lstrip("!") == _SHUTDOWN:
        return _NOTICE
    if other.stream:
        found = _stream(other.stream)
        return found[0](found[1], payload) if found else unexpected(payload)
    if other.error or other.code is not None or bytes(other.result):
        return Header(Kind.REPLY, reply=_reply(other))
    channel = _EVENTS.get(other.e)
    if not other.e and other.u is not None and bytes(other.B) and bytes(other.A):
        channel = "bookTicker"  # the one raw stream whose events do not name themselves
    if channel is None or not other.s:
        return unexpected(payload)
    return READERS[channel].header(other.s.upper(), payload)


def _reply(other: _Other) -> Reply:
    number = other.id if isinstance(other.id, int) else None
    if other.error is None and other.code is None:
        return Reply(number)
    code, message = (other.error.code, other.error.msg) if other.error else (other.code, other.msg)
    return Reply(number, error=f"{message or 'refused'} (code {code})")


def _unreadable(payload: bytes) -> Header:
    """A message of one of our streams with impossible fields is damage; of another it is unknown."""
    header = unexpected(payload)
    if header.kind is Kind.UNKNOWN:
        message = msgspec.json.decode(payload)
        if isinstance(message, dict):
            stream, event = message.get("stream"), message.get("e")
            if (isinstance(stream, str) and _stream(stream)) or (isinstance(event, str) and event in _EVENTS):
                return _MALFORMED
    return header
