"""OKX v5: trades whose ids are consecutive, books whose messages name the one before.

Protocol: okx.com/docs-v5, "WebSocket", "Order Book Trading / Market Data", "Public Data". Two feeds tell
the trades, on two URLs: ``trades-all`` each of them, ``trades`` each taker's order at one price, with the
last id of its trades and their count. A book (``books``, 400 levels every 100 ms) begins with a snapshot
on the stream; then ``prevSeqId`` is the ``seqId`` before, also where the exchange starts to count anew.

Channels are the exchange's own, with ``_`` for its ``-``: they name folders.
Symbols are ``BTC-USDT``, ``BTC-USDT-SWAP``, ``BTC-USD-241227``. ``funding_rate`` and ``open_interest``
are refused for spot pairs; ``index_tickers`` are those of the pair that a contract follows.
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

from ...tables.rows import AggTrade, Listing, Row, Trade
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
    RestLimit,
    RestRequest,
    Subscription,
)
from ..reading import UNREADABLE, unexpected
from ..runs import backfill_header
from .messages import READERS, Reader
from .requests import connections, text
from .rest import fills, instruments

__all__ = ["Okx"]

_MOST_TRADES = 100  # in one answer over REST

_PREFIX = b'{"arg":{'
_OPTION = re.compile(r"-\d{6}-[^-]+-[CP]$")
_REFUSED = re.compile(r"channel:(?P<channel>[\w-]+),(?:instId:(?P<symbol>\S+?)|instType:\w+)(?: |,|$)")


class _Arg(Struct):
    channel: str = ""
    instId: str = ""  # noqa: N815 - the exchange's names
    instType: str = ""  # noqa: N815


class _Beginning(Struct):
    arg: _Arg


class _Other(Struct, gc=False):
    """What tells all other messages apart: answers, notices, data whose ``arg`` does not come first."""

    event: str = ""
    arg: _Arg | None = None
    id: str | None = None
    code: str | None = None
    msg: str | None = None


_beginning = msgspec.json.Decoder(_Beginning).decode
_other = msgspec.json.Decoder(_Other).decode


class Okx(Exchange):
    """OKX's spot, swaps and futures, market data only; no key needed. Sizes of contracts are contracts."""

    name: ClassVar[str] = "okx"
    websocket_url: ClassVar[str] = "wss://ws.okx.com:8443/ws/v5/public"
    rest_url: ClassVar[str] = "https://www.okx.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=300, interval_seconds=0.2)
    connect_interval_seconds: ClassVar[float] = 0.4  # 3 connections a second
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trades_all": Channel("trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
            "trades": Channel("agg_trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
            # a book that does not change says so after 60 s
            "books": Channel("book_updates", proof=Proof.CHAIN, snapshot="stream", silence_seconds=120.0),
            "bbo_tbt": Channel("quotes", silence_seconds=120.0),
            "mark_price": Channel("derivative_tickers", silence_seconds=60.0),  # at least every 10 s
            "funding_rate": Channel("derivative_tickers", silence_seconds=600.0),  # 30 to 90 s apart
            "open_interest": Channel("derivative_tickers", silence_seconds=120.0),  # 3 s apart
            "index_tickers": Channel("derivative_tickers", silence_seconds=240.0),  # once a minute
            "liquidation_orders": Channel(
                "liquidations",
                per_symbol=False,
                lossy="the exchange sends some of the liquidations, by its own words not all of them",
            ),
        }
    )

    def symbol(self, text: str) -> str:
        """Instruments are spelled ``BTC-USDT``, ``BTC-USDT-SWAP``."""
        return text.strip().upper()

    def refuses(self, symbol: str) -> str:
        """Options, which are listed by underlying only."""
        if _OPTION.search(symbol):
            return f"{symbol} is an option, and options are not recorded. Write for example BTC-USDT-SWAP."
        return ""

    def plan(self, subscriptions: Sequence[Subscription], url: str) -> list[ConnectionPlan]:
        """Connections per path, each for 25 symbols; what is of no one symbol goes with the first."""
        return connections(subscriptions, url)

    def resubscribe(self, subscription: Subscription) -> tuple[str, ...]:
        """Leave and ask again: a book begins with a snapshot. Without an id, as no request is open."""
        return tuple(text(op, [subscription]) for op in ("unsubscribe", "subscribe"))

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The oldest 100 of the missing ids; ``after`` an id are the smaller ones. Three months are kept."""
        if self.channels[missing.channel].proof is not Proof.IDS:
            return None
        if missing.first is None or missing.last is None:
            return None
        count = min(missing.last - missing.first + 1, _MOST_TRADES)
        query = f"instId={quote(missing.symbol)}&type=1&after={missing.first + count}&limit={count}"
        return RestRequest(path=f"/api/v5/market/history-trades?{query}", weight=1)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """One list per type; options, which are listed by underlying only, are left out."""
        return tuple(
            RestRequest(path=f"/api/v5/public/instruments?instType={kind}", weight=1)
            for kind in ("SPOT", "SWAP", "FUTURES")
        )

    def classify(self, payload: bytes) -> Header:
        """Read a message: ``arg`` says what to look for, one pass finds it."""
        try:
            found = _begins(payload[: payload.find(b"}") + 1])
            return found[0].header(found[1], payload) if found else _other_header(payload)
        except UNREADABLE:
            return unexpected(payload, _is_ours)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """The ids of an answer of ``history-trades``, which are single trades."""
        try:
            return backfill_header(channel, symbol, [one.tradeId for one in fills(body)])
        except UNREADABLE:
            return Malformed()

    def normalize(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Decode a message; one of liquidations has the rows of all symbols that its header names."""
        return READERS[header.channel].rows(header.symbol, payload)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """The trades of an answer; to the summed up ones a single trade is a sum of one."""
        symbol = header.symbol
        if header.channel == "trades":
            return [
                AggTrade(symbol, one.ns, str(one.tradeId), one.side, one.px, one.sz, one.tradeId, one.tradeId)
                for one in fills(body)
            ]
        return [Trade(symbol, one.ns, str(one.tradeId), one.side, one.px, one.sz) for one in fills(body)]

    def instruments(self, body: bytes) -> Listing:
        """Read one answer of ``public/instruments``."""
        return instruments(body)


def _channel(word: str) -> str | None:
    """Our spelling of the exchange's name of a channel; None where it is none of ours."""
    name = word.replace("-", "_")
    return name if name in READERS else None


def _stream(arg: _Arg) -> tuple[Reader[Any, Any], str] | None:
    """The reader and the symbol of a stream; None where it is none of ours."""
    channel = _channel(arg.channel)
    if channel is None or not (arg.instId or channel == "liquidation_orders"):
        return None
    return READERS[channel], arg.instId


@lru_cache(maxsize=8192)
def _begins(beginning: bytes) -> tuple[Reader[Any, Any], str] | None:
    """The same for how a message begins, up to the end of ``arg``: no need to decode that twice."""
    if not beginning.startswith(_PREFIX):
        return None
    try:
        return _stream(_beginning(beginning + b"}").arg)
    except UNREADABLE:
        return None


def _other_header(payload: bytes) -> Header:
    if payload == b"pong":
        return Heartbeat()
    other = _other(payload)
    if other.event == "notice":
        return Notice()
    if other.event == "error":
        return _refusal(other)
    if other.event in ("subscribe", "unsubscribe"):
        named = _named(other.arg) if other.event == "subscribe" else ()
        return Reply(subscriptions=named)
    found = _stream(other.arg) if other.arg and not other.event else None
    return found[0].header(found[1], payload) if found else unexpected(payload)


def _named(arg: _Arg | None) -> tuple[Subscription, ...]:
    channel = _channel(arg.channel) if arg else None
    return (Subscription(channel, arg.instId),) if arg and channel else ()


def _refusal(other: _Other) -> Reply:
    """An error names its request; where it names the stream too, only that one was refused."""
    error = f"{other.msg or 'refused without a reason'} (code {other.code})"
    match = _REFUSED.search(other.msg or "")
    if match and (channel := _channel(match["channel"])):
        return Reply(subscriptions=(Subscription(channel, match["symbol"] or ""),), error=error)
    text = other.id or ""
    return Reply(int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None, (), error)


def _is_ours(message: dict[str, Any]) -> bool:
    arg = message.get("arg")
    word = arg.get("channel") if isinstance(arg, dict) and "data" in message else None
    return isinstance(word, str) and bool(_channel(word))
