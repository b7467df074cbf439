"""Coinbase Advanced Trade's channels: how messages become headers and rows.

Numbers are strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ...tables.rows import BookUpdate, Level, Row, Trade, quote
from ..model import Data
from ..reading import Amount, Id
from ..runs import runs
from ..times import rfc3339_ns

__all__ = ["Envelope", "TradeMessage", "headers", "rows", "sent", "time_ns", "trade_rows"]

_TAKER: dict[str, Literal["buy", "sell"]] = {"BUY": "sell", "SELL": "buy"}
"""The exchange gives the maker's side; the tables have the taker's."""


class _TradeId(Struct, gc=False):
    product_id: str
    trade_id: Id
    time: str = ""


class _Named(Struct, gc=False):
    product_id: str = ""


class _Event(Struct, gc=False):
    type: str = ""
    product_id: str = ""
    trades: list[_TradeId] = []
    tickers: list[_Named] = []
    subscriptions: dict[str, list[str]] | None = None


class Envelope(Struct, gc=False):
    """The fields of a header; ``type`` and ``message`` are those of an error, which has no channel."""

    channel: str = ""
    timestamp: str = ""
    sequence_num: Id | None = None
    events: list[_Event] = []
    type: str = ""
    message: str = ""


class TradeMessage(Struct, gc=False):
    """A trade, over the stream and over REST. ``side`` is the maker's."""

    product_id: str
    trade_id: Id
    price: Amount
    size: Amount
    side: Literal["BUY", "SELL"]
    time: str = ""


class _Change(Struct, gc=False):
    side: Literal["bid", "offer", "ask"]  # "offer" in messages, "ask" in older documentation
    price_level: Amount
    new_quantity: Amount


class _Ticker(Struct, gc=False):
    product_id: str = ""
    best_bid: Amount | Literal[""] | None = None
    best_bid_quantity: Amount | Literal[""] | None = None
    best_ask: Amount | Literal[""] | None = None
    best_ask_quantity: Amount | Literal[""] | None = None


class _TradesEvent(Struct, gc=False):
    trades: list[TradeMessage] = []


class _BookEvent(Struct, gc=False):
    type: str
    product_id: str
    updates: list[_Change] = []


class _TickersEvent(Struct, gc=False):
    tickers: list[_Ticker] = []


class _Trades(Struct, gc=False):
    events: list[_TradesEvent]


class _Books(Struct, gc=False):
    events: list[_BookEvent]
    timestamp: str = ""


class _Tickers(Struct, gc=False):
    events: list[_TickersEvent]
    timestamp: str = ""


_trades = msgspec.json.Decoder(_Trades, strict=False).decode
_books = msgspec.json.Decoder(_Books, strict=False).decode
_tickers = msgspec.json.Decoder(_Tickers, strict=False).decode


def headers(channel: str, message: Envelope) -> list[Data]:
    """The headers of a message of market data. Raises ValueError for a book that names no product."""
    number, exchange_ns = message.sequence_num, time_ns(message.timestamp)
    if channel == "market_trades":
        return _trade_headers((trade for event in message.events for trade in event.trades), number)
    if channel == "ticker":
        named = [ticker.product_id for event in message.events for ticker in event.tickers]
        # Before the first data all fields are empty, also the product.
        return [
            Data(channel, product, exchange_ns=exchange_ns, sequence=number)
            for product in dict.fromkeys(named)
            if product
        ]
    if not all(event.product_id for event in message.events):
        raise ValueError("a book without a product")
    return [
        Data(
            channel,
            event.product_id,
            exchange_ns=exchange_ns,
            sequence=number,
            is_snapshot=event.type == "snapshot",
        )
        for event in message.events
    ]


def rows(channel: str, payload: bytes) -> Sequence[Row]:
    """All rows of a message. Raises one of `UNREADABLE`."""
    if channel == "market_trades":
        return trade_rows(trade for event in _trades(payload).events for trade in event.trades)
    if channel == "ticker":
        tickers = _tickers(payload)
        time = time_ns(tickers.timestamp)
        return [
            row
            for event in tickers.events
            for ticker in event.tickers
            if ticker.product_id
            for row in _quote(ticker, time)
        ]
    books = _books(payload)
    time = time_ns(books.timestamp)
    return [_book(event, time) for event in books.events]


def _trade_headers(trades: Iterable[_TradeId], number: int | None) -> list[Data]:
    """One header per product and run of consecutive ids; its time is that of the run's last trade.

    The message's own time is not used: trades sent on subscribing are old and would look like a reset of ids.
    """
    products: dict[str, dict[int, str]] = {}
    for trade in trades:
        if not trade.product_id:
            raise ValueError("a trade without a product")
        products.setdefault(trade.product_id, {})[trade.trade_id] = trade.time
    return [
        Data("market_trades", product, ids, time_ns(times[ids.last]), sequence=number)
        for product, times in products.items()
        for ids in runs(times)
    ]


def trade_rows(trades: Iterable[TradeMessage]) -> list[Trade]:
    """Trades as rows, oldest first."""
    return [
        Trade(one.product_id, time_ns(one.time), str(one.trade_id), _TAKER[one.side], one.price, one.size)
        for one in sorted(trades, key=_trade_id)
    ]


def _trade_id(trade: TradeMessage) -> int:
    return trade.trade_id


def _book(event: _BookEvent, sent_ns: int | None) -> BookUpdate:
    bids: list[Level] = []
    asks: list[Level] = []
    for change in event.updates:
        (bids if change.side == "bid" else asks).append((change.price_level, change.new_quantity))
    return BookUpdate(event.product_id, sent_ns, event.type == "snapshot", bids, asks)


def _quote(ticker: _Ticker, time: int | None) -> Sequence[Row]:
    bid = sent(ticker.best_bid), sent(ticker.best_bid_quantity)
    ask = sent(ticker.best_ask), sent(ticker.best_ask_quantity)
    return quote(ticker.product_id, time, bid, ask)


def sent(value: float | str | None) -> float | None:
    """A number that may be an empty text."""
    return value if isinstance(value, float) else None


def time_ns(text: str) -> int | None:
    """A time in ns; None where there is none."""
    return rfc3339_ns(text) if text else None
