"""Kraken's channels: how messages become headers and rows.

Prices and quantities are JSON numbers, read to the nearest float.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ...tables.rows import BookUpdate, Row, Trade, quote
from ..model import Data
from ..reading import Amount, Id
from ..runs import runs
from ..times import rfc3339_ns

__all__ = ["Item", "headers", "rows"]


class Item(Struct, gc=False):
    """The fields of a header, in one entry of ``data``."""

    symbol: str = ""
    timestamp: str = ""
    trade_id: Id | None = None


class _Trade(Struct, gc=False):
    symbol: str
    side: Literal["buy", "sell"]
    price: Amount
    qty: Amount
    trade_id: Id
    timestamp: str = ""


class _Level(Struct, gc=False):
    price: Amount
    qty: Amount


class _Book(Struct, gc=False):
    symbol: str
    bids: list[_Level]
    asks: list[_Level]
    timestamp: str = ""


class _Ticker(Struct, gc=False):
    symbol: str
    bid: Amount | None = None
    bid_qty: Amount | None = None
    ask: Amount | None = None
    ask_qty: Amount | None = None
    timestamp: str = ""


class _Trades(Struct, gc=False):
    data: list[_Trade]


class _Books(Struct, gc=False):
    type: str
    data: list[_Book]


class _Tickers(Struct, gc=False):
    data: list[_Ticker]


_trades = msgspec.json.Decoder(_Trades).decode
_books = msgspec.json.Decoder(_Books).decode
_tickers = msgspec.json.Decoder(_Tickers).decode


def headers(channel: str, items: Sequence[Item], *, is_snapshot: bool) -> list[Data]:
    """The headers of a message of market data. Raises ValueError for one that names no symbol or no id."""
    if channel != "trade":
        snapshot = is_snapshot and channel == "book"
        return [
            Data(channel, _named(each), exchange_ns=_time(each.timestamp), is_snapshot=snapshot)
            for each in items
        ]
    found: list[Data] = []
    for symbol in dict.fromkeys(map(_named, items)):
        times: dict[int, str] = {}
        for each in items:
            if each.symbol == symbol:
                if each.trade_id is None:
                    raise ValueError(f"a trade of {symbol} without an id")
                times[each.trade_id] = each.timestamp
        found += [Data(channel, symbol, ids, _time(times[ids.last])) for ids in runs(times)]
    return found


def rows(channel: str, payload: bytes) -> Sequence[Row]:
    """All rows of a message. Raises one of `UNREADABLE`."""
    if channel == "trade":
        trades = sorted(_trades(payload).data, key=_trade_id)
        return [
            Trade(one.symbol, _time(one.timestamp), str(one.trade_id), one.side, one.price, one.qty)
            for one in trades
        ]
    if channel == "book":
        books = _books(payload)
        snapshot = books.type == "snapshot"
        return [
            BookUpdate(one.symbol, _time(one.timestamp), snapshot, _pairs_of(one.bids), _pairs_of(one.asks))
            for one in books.data
        ]
    return [
        row
        for one in _tickers(payload).data
        for row in quote(one.symbol, _time(one.timestamp), (one.bid, one.bid_qty), (one.ask, one.ask_qty))
    ]


def _named(item: Item) -> str:
    if not item.symbol:
        raise ValueError("data without a symbol")
    return item.symbol


def _trade_id(trade: _Trade) -> int:
    return trade.trade_id


def _pairs_of(levels: Iterable[_Level]) -> list[tuple[float, float]]:
    return [(level.price, level.qty) for level in levels]


def _time(text: str) -> int | None:
    return rfc3339_ns(text) if text else None
