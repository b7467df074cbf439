"""Bitfinex v2: every frame of a connection is numbered, and books are checked by checksums.

Protocol: docs.bitfinex.com, "WebSocket API: General", "Public channels", "WebSocket Checksum". With the flag
SEQ_ALL each frame of a channel, heartbeats too, carries the next number of its connection: nothing can be
lost on a connection unseen. Trade ids rise but skip, so that what is lost while there is no connection
shows only when it is asked for again over REST, by time.

Data names its channel by a number that the connection has given it, in the answer to the subscription:
messages can only be read in the light of those before.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar
from urllib.parse import quote, urlsplit

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
    Notice,
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from .book import BitfinexBook
from .messages import body_of, data_header, instruments, rows, trades_of

__all__ = ["Bitfinex"]

DEPTH = 250
"""Levels of each side: the most that the exchange offers (1, 25, 100, 250)."""

_TIMESTAMP, _SEQ_ALL, _OB_CHECKSUM = 32768, 65536, 131072
_CONF = f'{{"event":"conf","flags":{_TIMESTAMP | _SEQ_ALL | _OB_CHECKSUM}}}'
_LOSSY = f"only the best {DEPTH} levels of each side; the checksum proves the best 25"

_FUNDING = re.compile(r"f[A-Z0-9]+")

_CHANNELS_PER_CONNECTION = 25
_MOST_TRADES = 10_000  # in one answer over REST
_MARGIN_NS = 2_000_000_000  # clocks differ, and messages take their time
_RECONNECT, _MAINTENANCE, _MAINTENANCE_OVER = 20051, 20060, 20061
_NOTICES = (_RECONNECT, _MAINTENANCE, _MAINTENANCE_OVER)


class _Event(Struct, gc=False):
    event: str
    channel: str = ""
    symbol: str = ""
    key: str = ""
    chanId: int | None = None  # noqa: N815 - the exchange's name
    status: str = ""
    code: int | None = None
    msg: str = ""


_event = msgspec.json.Decoder(_Event).decode


class Bitfinex(Exchange):
    """Bitfinex, market data only; no key needed. Amounts are of the base, of derivatives too.

    ``deriv`` and ``liq`` are what the exchange's channel ``status`` tells under keys that begin like that.
    """

    name: ClassVar[str] = "bitfinex"
    websocket_url: ClassVar[str] = "wss://api-pub.bitfinex.com/ws/2"
    rest_url: ClassVar[str] = "https://api-pub.bitfinex.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=15, interval_seconds=2.0)
    connect_interval_seconds: ClassVar[float] = 3.0  # 20 connections per minute
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trades": Channel("trades", Proof.SEQUENCE, history=History.TIME),
            "book": Channel("book_updates", Proof.SEQUENCE, snapshot="stream", checksums=True, lossy=_LOSSY),
            "ticker": Channel("quotes", Proof.SEQUENCE),
            "deriv": Channel("derivative_tickers", Proof.SEQUENCE),
            "liq": Channel("liquidations", Proof.SEQUENCE, per_symbol=False),
        }
    )

    def symbol(self, text: str) -> str:
        """``tBTCUSD``, ``tDOGE:USD``, ``tBTCF0:USTF0``: a small t in front of the pair in capitals."""
        name = text.strip()
        return name if _FUNDING.fullmatch(name) else f"t{name.removeprefix('t').upper()}"

    def refuses(self, symbol: str) -> str:
        """Currencies that are lent, whose messages have the shape of other fields."""
        if _FUNDING.fullmatch(symbol):
            return f"{symbol} is a currency of funding, and funding is not recorded. Write tBTCUSD."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 25 channels (the exchange's limit); each begins by asking for numbers."""
        wanted = list(dict.fromkeys(subscriptions))
        endpoint = _endpoint(url)
        plans = []
        for start in range(0, len(wanted), _CHANNELS_PER_CONNECTION):
            part = tuple(wanted[start : start + _CHANNELS_PER_CONNECTION])
            asked = [Request(number, _subscribe(one), (one,)) for number, one in enumerate(part, start=2)]
            plans.append(
                ConnectionPlan(
                    url=endpoint,
                    requests=(Request(1, _CONF, ()), *asked),
                    subscriptions=part,
                    silence_seconds=45.0,  # each channel has a heartbeat every 15 s
                )
            )
        return plans

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """``GET /v2/trades/<symbol>/hist``, between two milliseconds, the oldest first."""
        if missing.channel != "trades":
            return None
        start = max(0, missing.from_ns - _MARGIN_NS) // 1_000_000
        end = -(-(missing.to_ns + _MARGIN_NS) // 1_000_000)
        symbol = quote(missing.symbol, safe=":")
        return RestRequest(
            f"/v2/trades/{symbol}/hist?limit={_MOST_TRADES}&start={start}&end={end}&sort=1", weight=1
        )

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET /v2/conf/``: the pairs, and the perpetuals."""
        return (RestRequest("/v2/conf/pub:info:pair,pub:info:pair:futures", weight=1),)

    def classify(self, payload: bytes) -> Header:
        """Read a message without those before it: what is data of a channel cannot be told."""
        return BitfinexReader()(payload)

    def reader(self) -> BitfinexReader:
        """Read the messages of one connection."""
        return BitfinexReader()

    def classify_stored(self, channel: str, symbol: str, payload: bytes) -> Header:
        """Read a message of a channel that is known."""
        return BitfinexReader(stored=(channel, symbol))(payload)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Trades have no consecutive numbers: an answer proves nothing by itself."""
        try:
            trades_of(body)
        except UNREADABLE:
            return Malformed()
        return Data(channel, symbol)

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message. Trades are told twice (te, then tu): the first gives the row."""
        return rows(header, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer."""
        return [trade.row(header.symbol) for trade in sorted(trades_of(body), key=lambda trade: trade.id)]

    def identity(self, header: Data, payload: bytes) -> bytes:
        """The body, and its time (a level may well change back), without what the connection numbered."""
        label, body = body_of(payload)
        return b"%s %s %d" % (
            label,
            body,
            0 if header.channel in ("deriv", "liq") else header.exchange_ns or 0,
        )

    def instruments(self, body: bytes) -> Listing:
        """Read all pairs."""
        return instruments(body)

    def book_check(self, channel: str, symbol: str, state: bytes | None = None) -> BitfinexBook | None:
        """Follow a book by its checksums."""
        return BitfinexBook(state) if channel == "book" else None


class BitfinexReader:
    """Reads the messages of one connection; ``stored`` is the stream of messages that all belong to it."""

    def __init__(self, stored: tuple[str, str] | None = None) -> None:
        self._stored = stored
        self._streams: dict[int, tuple[str, str]] = {}

    def __call__(self, payload: bytes) -> Header:
        """Read what a message is. Never raises."""
        try:
            if payload[:1] == b"[":
                return data_header(payload, self._streams.get, self._stored)
            return self._event(payload)
        except UNREADABLE:
            return unexpected(payload)

    def _event(self, payload: bytes) -> Header:
        event = _event(payload)
        kind = event.event
        if kind == "subscribed":
            stream = _stream(event)
            if stream is None or event.chanId is None:
                return unexpected(payload)
            self._streams[event.chanId] = stream
            return Reply(subscriptions=(Subscription(*stream),))
        if kind == "unsubscribed":
            self._streams.pop(event.chanId or 0, None)
            return Reply()
        if kind == "conf" and event.status == "OK":
            return Reply(request_id=1)
        if kind in ("error", "conf"):
            return _refusal(event)
        if kind == "info":
            return Notice() if event.code in _NOTICES else Heartbeat()
        return Heartbeat() if kind == "pong" else unexpected(payload)


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/ws/2')}/ws/2").geturl()


def _subscribe(stream: Subscription) -> str:
    message = {"event": "subscribe"}
    if stream.channel == "liq":
        message |= {"channel": "status", "key": "liq:global"}
    elif stream.channel == "deriv":
        message |= {"channel": "status", "key": f"deriv:{stream.symbol}"}
    else:
        message |= {"channel": stream.channel, "symbol": stream.symbol}
    if stream.channel == "book":
        message |= {"prec": "P0", "freq": "F0", "len": str(DEPTH)}
    return msgspec.json.encode(message).decode()


def _stream(event: _Event) -> tuple[str, str] | None:
    """The stream that an answer names; None where it is none of ours."""
    if event.channel in ("trades", "book", "ticker") and event.symbol:
        return event.channel, event.symbol
    if event.channel == "status":
        kind, _, symbol = event.key.partition(":")
        if kind == "liq":
            return kind, ""
        if kind == "deriv" and symbol:
            return kind, symbol
    return None


def _refusal(event: _Event) -> Reply:
    stream = _stream(event)
    named = (Subscription(*stream),) if stream else ()
    code = "" if event.code is None else f" (code {event.code})"
    return Reply(subscriptions=named, error=f"{event.msg or 'refused without a reason'}{code}")
