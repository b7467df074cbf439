"""Kraken spot, websocket v2: trades with consecutive ids, books proven by checksums.

Protocol: docs.kraken.com, exchange/api-reference/spot-websocket-v2. Books are not numbered: each message
carries a CRC-32 of the ten best levels of both sides, snapshots too. The snapshot comes on the stream.
Acknowledgements come one per symbol; refusals name the symbol, but not always.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, ClassVar
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
    Proof,
    Reply,
    Request,
    RestLimit,
    RestRequest,
    Subscription,
    joined,
)
from ..reading import UNREADABLE, unexpected
from .book import KrakenBook
from .messages import Item, headers, rows
from .rest import OLD_NAMES, backfill_header, backfill_rows, instruments

__all__ = ["DEPTH", "Kraken"]

DEPTH = 1000
"""Levels of each side: all that the exchange offers (10, 25, 100, 500 or 1000). What is not asked for is lost
for ever; a message that was lost shows in the ten best levels, by which depth it was asked for or not."""

_CHANNELS = ("trade", "ticker", "book")
"""In which order they are asked for: the snapshots of books, the largest, last."""

_SYMBOLS_PER_CONNECTION = 50  # ours, the exchange names no limit: one lost link costs that many books
_FUTURES = re.compile(r"[PF][FIV]_")
_MARGIN_NS = 2_000_000_000  # clocks differ, and messages take their time
_HEARTBEAT_TEXT = b'{"channel":"heartbeat"}'


class _Result(Struct, gc=False):
    channel: str = ""
    symbol: str = ""


class _Message(Struct, gc=False):
    channel: str = ""
    type: str = ""
    data: list[Item] = []
    method: str = ""
    result: _Result | None = None
    success: bool | None = None
    error: str = ""
    symbol: str = ""
    req_id: int | None = None


_message = msgspec.json.Decoder(_Message).decode


class Kraken(Exchange):
    """Kraken spot, market data only; no key needed. Tokenized stocks too: AAPLx/USD."""

    name: ClassVar[str] = "kraken"
    symbol_marks: ClassVar[str] = "-_.:/"
    websocket_url: ClassVar[str] = "wss://ws.kraken.com/v2"
    rest_url: ClassVar[str] = "https://api.kraken.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=60, interval_seconds=1.0)
    connect_interval_seconds: ClassVar[float] = 4.0  # 150 attempts in ten minutes
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel("trades", Proof.IDS, history=History.TIME),
            "book": Channel(
                "book_updates",
                proof=Proof.CHECKSUM,
                snapshot="stream",
                checksums=True,
                lossy=f"only the best {DEPTH} levels of each side; the checksum proves the best 10",
                depth=DEPTH,
            ),
            "ticker": Channel("quotes"),
        }
    )

    def symbol(self, text: str) -> str:
        """``BTC/USD``, in capitals but for the x of tokenized stocks (``AAPLx/USD``); XBT is BTC."""
        base, slash, money = text.strip().partition("/")
        if not (base[:-1].isupper() and base.endswith("x")):
            base = base.upper()
        money = money.upper()
        return f"{OLD_NAMES.get(base, base)}{slash}{OLD_NAMES.get(money, money)}"

    def refuses(self, symbol: str) -> str:
        """Contracts (``PF_XBTUSD``), which Kraken Futures trades, an exchange of its own."""
        if _FUTURES.match(symbol):
            return f"{symbol} is of Kraken Futures, which is not recorded. Write a pair, such as BTC/USD."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """One connection per 50 symbols, one request per channel."""
        wanted = list(dict.fromkeys(subscriptions))
        symbols = list(dict.fromkeys(one.symbol for one in wanted))
        plans = []
        for start in range(0, len(symbols), _SYMBOLS_PER_CONNECTION):
            group = set(symbols[start : start + _SYMBOLS_PER_CONNECTION])
            mine = tuple(one for one in wanted if one.symbol in group)
            plans.append(
                ConnectionPlan(
                    url=_endpoint(url),
                    requests=_requests(mine),
                    subscriptions=mine,
                    silence_seconds=10.0,  # a heartbeat comes each second in which nothing else does
                )
            )
        return plans

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Subscribing anew brings a whole book (or the last 50 trades)."""
        channel, symbols = subscription.channel, [subscription.symbol]
        return tuple(_text(method, channel, symbols, 0) for method in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """``GET /0/public/Trades`` from a time on: the exchange's history goes back to the beginning."""
        if missing.channel != "trade":
            return None
        since = max(0, missing.from_ns - _MARGIN_NS)
        tokenized = "&asset_class=tokenized_asset" if missing.symbol.partition("/")[0].endswith("x") else ""
        return RestRequest(
            f"/0/public/Trades?pair={quote(missing.symbol, safe='')}&since={since}&count=1000"
            f"&assetVersion=1{tokenized}",
            weight=1,
        )

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET /0/public/AssetPairs``: currencies, and tokenized stocks apart."""
        path = "/0/public/AssetPairs?assetVersion=1"
        return RestRequest(path, 1), RestRequest(f"{path}&aclass_base=tokenized_asset", 1)

    def classify(self, payload: bytes) -> Header:
        """Read a message's channel, symbol, time and trade ids."""
        if payload == _HEARTBEAT_TEXT:
            return Heartbeat()
        try:
            message = _message(payload)
            channel = message.channel
            if channel in self.channels:
                found = headers(channel, message.data, is_snapshot=message.type == "snapshot")
                # A snapshot without entries: no trade was ever made.
                return joined(found) if found else Heartbeat()
        except UNREADABLE:
            return unexpected(payload, _is_ours)
        if channel in ("heartbeat", "status") or message.method in ("ping", "pong"):
            return Heartbeat()
        if message.method and (message.success is not None or message.error):
            return _reply(message)
        return unexpected(payload)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the trade ids of an answer."""
        try:
            return backfill_header(channel, symbol, body)
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message: the rows of all its symbols."""
        return rows(header.channel, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer."""
        return backfill_rows(header.symbol, body)

    def instruments(self, body: bytes) -> Listing:
        """Read the pairs of an answer."""
        return instruments(body)

    def book_check(self, channel: str, symbol: str, state: bytes | None = None) -> KrakenBook | None:
        """Follow a book by its checksums."""
        return KrakenBook(symbol, DEPTH, state) if channel == "book" else None


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(path=f"{parts.path.rstrip('/').removesuffix('/v2')}/v2").geturl()


def _requests(subscriptions: Sequence[Subscription]) -> tuple[Request, ...]:
    requests: list[Request] = []
    for channel in _CHANNELS:
        part = tuple(one for one in subscriptions if one.channel == channel)
        if part:
            number = _request_id(channel, len(requests) + 1)
            text = _text("subscribe", channel, [one.symbol for one in part], len(requests) + 1)
            requests.append(Request(number, text, part))
    return tuple(requests)


def _text(method: str, channel: str, symbols: Sequence[str], number: int) -> str:
    params: dict[str, object] = {"channel": channel, "symbol": symbols}
    if channel == "book":
        params["depth"] = DEPTH
    if method == "subscribe":
        params["snapshot"] = True
        if channel == "ticker":
            params["event_trigger"] = "bbo"
    message = {"method": method, "params": params, "req_id": _request_id(channel, number)}
    return msgspec.json.encode(message).decode()


def _request_id(channel: str, number: int) -> int:
    """The last digit is the channel: refusals do not name it."""
    return number * 10 + _CHANNELS.index(channel)


def _reply(message: _Message) -> Reply:
    if message.success and not message.error:
        result = message.result
        if message.method != "subscribe" or result is None or not result.symbol:
            return Reply()
        return Reply(subscriptions=(Subscription(result.channel, result.symbol),))
    error = message.error or "refused without a reason"
    number = message.req_id
    if message.symbol and number is not None and number >= 0 and number % 10 < len(_CHANNELS):
        # The request was for many symbols: only this one is refused.
        return Reply(subscriptions=(Subscription(_CHANNELS[number % 10], message.symbol),), error=error)
    return Reply(number, error=error)


def _is_ours(message: dict[str, Any]) -> bool:
    channel = message.get("channel")
    return isinstance(channel, str) and channel in Kraken.channels
