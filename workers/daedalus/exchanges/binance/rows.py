"""Binance's channels: how messages become headers and rows; the same for all markets.

Each message is decoded in one pass: for its ids alone on arrival, or whole for its rows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from ...tables.rows import AggTrade, BookUpdate, DerivativeTicker, Liquidation, Row, Trade, quote
from ..model import Data, Header, Ids
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["READERS", "Reader", "force_order_symbol"]

_LARGEST = sys.float_info.max
_Rate = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
_T = TypeVar("_T")
_I = TypeVar("_I")
_M = TypeVar("_M")


class _Enveloped(Struct, Generic[_T], gc=False):
    """A message of a combined stream; without ``data`` it is one of a raw stream."""

    data: _T | UnsetType = UNSET


class _TradeIds(Struct, gc=False):
    t: Id
    E: int = 0


class _AggTradeIds(Struct, gc=False):
    a: Id
    E: int = 0


class _DepthIds(Struct, gc=False):
    U: Id
    u: Id
    pu: Id | None = None
    E: int = 0


class _BookTickerIds(Struct, gc=False):
    u: Id
    E: int = 0


class _Time(Struct, gc=False):
    E: int


class _Trade(Struct, gc=False):
    t: Id
    p: Amount
    q: Amount
    m: bool
    T: int = 0
    E: int = 0
    X: str = "MARKET"


class _AggTrade(Struct, gc=False):
    a: Id
    p: Amount
    q: Amount
    f: Id
    l: Id  # noqa: E741 - the exchange's name
    m: bool
    T: int = 0
    E: int = 0


class _Depth(Struct, gc=False):
    U: Id
    u: Id
    b: list[tuple[Amount, Amount]]
    a: list[tuple[Amount, Amount]]
    pu: Id | None = None
    T: int = 0
    E: int = 0


class _BookTicker(Struct, gc=False):
    u: Id
    b: Amount
    B: Amount
    a: Amount
    A: Amount
    T: int = 0
    E: int = 0


class _MarkPrice(Struct, gc=False):
    E: int
    p: Amount
    i: Amount | Literal[""] | None = None
    r: _Rate | Literal[""] | None = None
    T: int = 0


class _Liquidation(Struct, gc=False):
    S: Literal["BUY", "SELL"]
    z: Amount
    p: Amount = 0.0
    ap: Amount = 0.0
    T: int = 0


class _ForceOrder(Struct, gc=False):
    o: _Liquidation
    E: int = 0


class _Named(Struct, gc=False):
    s: str = ""


class _ForceOrderSymbol(Struct, gc=False):
    o: _Named


class Reader(Generic[_I, _M]):
    """How one channel's messages become headers and rows."""

    def __init__(
        self,
        ids: type[_I],
        header: Callable[[str, _I], Header],
        message: type[_M],
        rows: Callable[[str, _M], Sequence[Row]],
    ) -> None:
        self._header, self._rows = header, rows
        self._ids_inside = msgspec.json.Decoder(_Enveloped[ids]).decode  # type: ignore[valid-type]
        self._ids = msgspec.json.Decoder(ids).decode
        self._inside = msgspec.json.Decoder(_Enveloped[message], strict=False).decode  # type: ignore[valid-type]
        self._bare = msgspec.json.Decoder(message, strict=False).decode

    def header(self, symbol: str, payload: bytes) -> Header:
        """Read the ids, of a combined or a raw stream's message. Raises one of `UNREADABLE`."""
        data = self._ids_inside(payload).data
        return self._header(symbol, self._ids(payload) if data is UNSET else data)

    def rows(self, symbol: str, payload: bytes) -> Sequence[Row]:
        """Read the whole message; () if it gives no row. Raises one of `UNREADABLE`."""
        data = self._inside(payload).data
        return self._rows(symbol, self._bare(payload) if data is UNSET else data)


_force_order_symbol = msgspec.json.Decoder(_ForceOrderSymbol).decode


def _trade_header(symbol: str, ids: _TradeIds) -> Header:
    return Data("trade", symbol, Ids(ids.t, ids.t), epoch_ns(ids.E))


def _agg_trade_header(symbol: str, ids: _AggTradeIds) -> Header:
    return Data("aggTrade", symbol, Ids(ids.a, ids.a), epoch_ns(ids.E))


def _depth_header(symbol: str, ids: _DepthIds) -> Header:
    if ids.u < ids.U:
        raise ValueError(f"depth update of {symbol} ends at {ids.u}, before it begins ({ids.U})")
    return Data("depth", symbol, Ids(ids.U, ids.u, ids.pu), epoch_ns(ids.E))


def _book_ticker_header(symbol: str, ids: _BookTickerIds) -> Header:
    return Data("bookTicker", symbol, Ids(ids.u, ids.u), epoch_ns(ids.E))


def _mark_price_header(symbol: str, message: _Time) -> Header:
    return Data("markPrice", symbol, None, epoch_ns(message.E))


def _force_order_header(symbol: str, message: _Time) -> Header:
    return Data("forceOrder", symbol, None, epoch_ns(message.E))


def _trade_rows(symbol: str, trade: _Trade) -> Sequence[Row]:
    if trade.X != "MARKET" or not trade.p or not trade.q:
        return ()  # traded off the book, or an id without a trade
    time = epoch_ns(trade.T or trade.E)
    return (Trade(symbol, time, str(trade.t), _taker(trade.m), trade.p, trade.q),)


def _agg_trade_rows(symbol: str, trade: _AggTrade) -> Sequence[Row]:
    time = epoch_ns(trade.T or trade.E)
    return (AggTrade(symbol, time, str(trade.a), _taker(trade.m), trade.p, trade.q, trade.f, trade.l),)


def _depth_rows(symbol: str, depth: _Depth) -> Sequence[Row]:
    return (BookUpdate(symbol, epoch_ns(depth.E), False, depth.b, depth.a, depth.U, depth.u, depth.pu),)


def _book_ticker_rows(symbol: str, top: _BookTicker) -> Sequence[Row]:
    """Uses the time that books use (E), so that quotes and books sort alike."""
    return quote(symbol, epoch_ns(top.E or top.T), (top.b, top.B), (top.a, top.A), top.u)


def _mark_price_rows(symbol: str, mark: _MarkPrice) -> Sequence[Row]:
    # Contracts with a date have no funding: the exchange then sends the time 0, and "" or 0 for the rate.
    due = epoch_ns(mark.T)
    ticker = DerivativeTicker(
        symbol,
        epoch_ns(mark.E),
        funding_timestamp=due,
        funding_rate=mark.r if due and isinstance(mark.r, float) else None,
        index_price=mark.i if isinstance(mark.i, float) else None,
        mark_price=mark.p,
    )
    return (ticker,)


def _force_order_rows(symbol: str, message: _ForceOrder) -> Sequence[Row]:
    """The order's price, and the average price and the amount of what was filled of it."""
    order = message.o
    if not order.z:
        return ()
    time, average = epoch_ns(order.T or message.E), order.ap or None
    price = order.p or order.ap
    if not price:
        return ()
    return (Liquidation(symbol, time, None, order.S.lower(), price, order.z, average),)


def force_order_symbol(payload: bytes) -> str:
    """The symbol inside a liquidation of a raw stream. Raises one of `UNREADABLE`."""
    return _force_order_symbol(payload).o.s


def _taker(buyer_is_maker: bool) -> str:
    return "sell" if buyer_is_maker else "buy"


READERS: dict[str, Reader[Any, Any]] = {
    "trade": Reader(_TradeIds, _trade_header, _Trade, _trade_rows),
    "aggTrade": Reader(_AggTradeIds, _agg_trade_header, _AggTrade, _agg_trade_rows),
    "depth": Reader(_DepthIds, _depth_header, _Depth, _depth_rows),
    "bookTicker": Reader(_BookTickerIds, _book_ticker_header, _BookTicker, _book_ticker_rows),
    "markPrice": Reader(_Time, _mark_price_header, _MarkPrice, _mark_price_rows),
    "forceOrder": Reader(_Time, _force_order_header, _ForceOrder, _force_order_rows),
}
