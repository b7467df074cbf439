"""What all markets of Binance have in common: combined streams, requests, and where REST answers.

Streams are called ``<symbol>@<stream>``, trades and aggregate trades have consecutive numbers, books need a
snapshot over REST. Unknown streams are acknowledged and stay silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any, ClassVar
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Struct

from ...tables.rows import Listing, Row
from ..model import (
    ConnectionPlan,
    Data,
    Exchange,
    Header,
    Malformed,
    Missing,
    Notice,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from .messages import READERS, force_order_symbol
from .requests import read_other, reply, requests
from .rest import ANSWERS, instruments, snapshot_header, snapshot_row

__all__ = ["Backfill", "BinanceMarket"]

_STREAMS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depth": "depth@100ms",
    "bookTicker": "bookTicker",
    "markPrice": "markPrice@1s",
    "forceOrder": "forceOrder",
}
_CHANNELS = (
    {stream: channel for channel, stream in _STREAMS.items()}
    | dict.fromkeys(("depth", "depth@0ms", "depth@250ms", "depth@500ms", "depth@1000ms"), "depth")
    | dict.fromkeys(("markPrice", "markPrice@3s"), "markPrice")
)
_EVENTS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depthUpdate": "depth",
    "bookTicker": "bookTicker",
    "markPriceUpdate": "markPrice",
    "forceOrder": "forceOrder",
}

_OPTION = re.compile(r"-\d{6}-[^-]+-[CP]$")
_COIN_M = re.compile(r"[^_]+USD_(?:PERP|\d{6})")
_MOST_ROWS = 1000  # in one answer over REST
_PREFIX = b'{"stream":"'
_PREFIX_LENGTH = len(_PREFIX)
_SHUTDOWN = "serverShutdown"

_Found = tuple[Callable[[str, bytes], Header], str]
"""The header's reader and the symbol of a stream."""


class Backfill(Struct, frozen=True):
    """Where missed trades are asked for: a path below the API's, its weight, and whether it goes by id.

    Without ``from_id`` there are only the newest trades: what was missed long ago stays missing.
    """

    path: str
    weight: int
    from_id: bool = True


class BinanceMarket(Exchange):
    """One of Binance's markets. ``api`` is the REST API's path, the others are its own limits and weights."""

    api: ClassVar[str]
    streams_per_connection: ClassVar[int]
    routes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    """The path that serves a channel, where the market has several; a connection serves one of them."""

    snapshot_levels: ClassVar[int]
    snapshot_weight: ClassVar[int]
    backfills: ClassVar[Mapping[str, Backfill]]
    instruments_request: ClassVar[RestRequest]

    def __init__(self) -> None:
        # Messages begin with the name of their stream: what that says need not be found out twice.
        self._begins = lru_cache(maxsize=8192)(self._stream_of_beginning)

    def symbol(self, text: str) -> str:
        """``btcusdt`` and ``BTCUSDT`` are the same; tables have the upper-case one."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, and contracts of another market: BTCUSD_PERP is COIN-M's, BTCUSDT_260327 USD-M's."""
        if _OPTION.search(symbol):
            return f"{symbol} is an option, and options are not recorded. Write for example BTCUSDT."
        home = "binance_delivery" if _COIN_M.fullmatch(symbol) else "binance_futures"
        if "_" in symbol and home != self.name:
            return f"{symbol} is not traded on this market. Write it below {home}."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """For each route as many connections as the exchange's limit of streams makes necessary."""
        by_route: dict[str, list[Subscription]] = {}
        for one in dict.fromkeys(subscriptions):
            by_route.setdefault(self.routes.get(one.channel, ""), []).append(one)
        return [
            ConnectionPlan(
                url=self._combined(url, route),
                requests=requests(wanted[start : start + self.streams_per_connection], _STREAMS),
                subscriptions=tuple(wanted[start : start + self.streams_per_connection]),
                send_interval_seconds=0.25,  # at most 5 messages/s (derivatives: 10), pings included
                lifetime_seconds=24 * 3600.0,
            )
            for route, wanted in by_route.items()
            for start in range(0, len(wanted), self.streams_per_connection)
        ]

    def classify(self, payload: bytes) -> Header:
        """Read a message: the stream's name says which ids to look for, one pass finds them."""
        try:
            found = self._begins(payload[: payload.find(b'"', _PREFIX_LENGTH)])
            return found[0](found[1], payload) if found else self._other_header(payload)
        except UNREADABLE:
            return unexpected(payload, self._is_ours)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message, enveloped or not, or the body of a snapshot."""
        try:
            return READERS[header.channel].rows(header.symbol, payload)
        except msgspec.ValidationError:
            if header.channel != "depth":
                raise
            return (snapshot_row(header.symbol, payload),)

    def snapshot_request(self, symbol: str) -> RestRequest:
        """``GET <api>/depth`` with as many levels as there are to be had."""
        path = f"{self.api}/depth?symbol={quote(symbol)}&limit={self.snapshot_levels}"
        return RestRequest(path, self.snapshot_weight)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """A snapshot stands for all updates up to ``lastUpdateId``."""
        try:
            return snapshot_header(symbol, body)
        except UNREADABLE:
            return Malformed()

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The trades from the first that is missing, or the newest where none can be asked for by id."""
        backfill = self.backfills.get(missing.channel)
        if backfill is None or missing.first is None or missing.last is None:
            return None
        path = f"{self.api}/{backfill.path}?symbol={quote(missing.symbol)}"
        if not backfill.from_id:
            return RestRequest(f"{path}&limit={_MOST_ROWS}", backfill.weight)
        limit = min(missing.last - missing.first + 1, _MOST_ROWS)
        return RestRequest(f"{path}&fromId={missing.first}&limit={limit}", backfill.weight)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """The ids of the trades in an answer; errors are no answers."""
        try:
            return ANSWERS[channel].header(symbol, body)
        except (KeyError, *UNREADABLE):
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode an answer; trades come oldest first."""
        return ANSWERS[header.channel].rows(header.symbol, body)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET <api>/exchangeInfo``."""
        return (self.instruments_request,)

    def instruments(self, body: bytes) -> Listing:
        """Read the answer to it."""
        return instruments(body)

    def _combined(self, url: str, route: str) -> str:
        """The combined endpoint of a URL that may name the host only, a route, ``/ws`` or ``/stream``."""
        parts = urlsplit(url)
        path = parts.path.rstrip("/").removesuffix("/ws").removesuffix("/stream")
        for each in self.routes.values():
            path = path.removesuffix(each)
        return parts._replace(path=f"{path}{route}/stream").geturl()

    def _stream(self, name: str) -> _Found | None:
        """What a stream's name says; None where it is no stream of ours."""
        symbol, _, stream = name.partition("@")
        channel = _CHANNELS.get(stream)
        if channel is None or channel not in self.channels or not symbol:
            return None
        return READERS[channel].header, symbol.upper()

    def _stream_of_beginning(self, beginning: bytes) -> _Found | None:
        """The same for how a message begins, up to the end of the name."""
        if not beginning.startswith(_PREFIX) or b"\\" in beginning:
            return None
        try:
            return self._stream(beginning[_PREFIX_LENGTH:].decode())
        except UnicodeDecodeError:
            return None

    def _other_header(self, payload: bytes) -> Header:
        other = read_other(payload)
        if other.e == _SHUTDOWN or other.stream.lstrip("!") == _SHUTDOWN:
            return Notice()
        if other.stream:
            found = self._stream(other.stream)
            return found[0](found[1], payload) if found else unexpected(payload)
        if other.error or other.code is not None or bytes(other.result):
            return reply(other)
        channel = _EVENTS.get(other.e)
        if not other.e and other.u is not None and bytes(other.B) and bytes(other.A):
            channel = "bookTicker"  # the one raw stream (of spot) whose events do not name themselves
        symbol = force_order_symbol(payload) if channel == "forceOrder" else other.s
        if channel is None or channel not in self.channels or not symbol:
            return unexpected(payload)
        return READERS[channel].header(symbol.upper(), payload)

    def _is_ours(self, message: dict[str, Any]) -> bool:
        stream, event = message.get("stream"), message.get("e")
        return (isinstance(event, str) and _EVENTS.get(event) in self.channels) or (
            isinstance(stream, str) and bool(self._stream(stream))
        )
