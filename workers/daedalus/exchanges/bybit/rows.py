"""Bybit's channels: how messages become headers and rows.

A book is whole after a ``snapshot``; ``u`` is the number of the message within its topic, and 1 after a
restart of the exchange's service.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from ...tables.rows import BookUpdate, DerivativeTicker, Level, Liquidation, Row, Trade, quote
from ..model import Data, Header, Ids
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["READERS", "SIDES", "Reader"]

Rate = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
SIDES = {"Buy": "buy", "Sell": "sell"}
_CLOSING = {"Buy": "sell", "Sell": "buy"}
"""A liquidation names the position's side: ``Buy`` is a long, which a sell order ends."""
_H = TypeVar("_H")
_M = TypeVar("_M")


class _Timed(Struct, gc=False, kw_only=True):
    data: Raw
    ts: int = 0


class _Numbered(Struct, gc=False):
    u: Id


class _BookHead(Struct, gc=False, kw_only=True):
    type: Literal["snapshot", "delta"]
    data: _Numbered
    ts: int = 0


class _Trade(Struct, gc=False):
    i: str
    S: Literal["Buy", "Sell"]
    p: Amount
    v: Amount
    T: int = 0
    s: str = ""


class _Trades(Struct):
    data: list[_Trade]


class _Liquidation(Struct, gc=False):
    S: Literal["Buy", "Sell"]
    p: Amount
    v: Amount
    T: int = 0


class _Liquidations(Struct):
    data: list[_Liquidation]


class _Levels(Struct):
    u: Id
    b: list[tuple[Amount, Amount]] = []
    a: list[tuple[Amount, Amount]] = []


class _Book(Struct, kw_only=True):
    type: Literal["snapshot", "delta"]
    data: _Levels
    ts: int = 0


class _TickerFields(Struct):
    """Only changed fields are sent; a value that a contract lacks is ""."""

    lastPrice: Amount | Literal[""] | None = None  # noqa: N815 - the exchange's names
    markPrice: Amount | Literal[""] | None = None  # noqa: N815
    indexPrice: Amount | Literal[""] | None = None  # noqa: N815
    openInterest: Amount | Literal[""] | None = None  # noqa: N815
    fundingRate: Rate | Literal[""] | None = None  # noqa: N815
    nextFundingTime: int | Literal[""] | None = None  # noqa: N815


class _Ticker(Struct, kw_only=True):
    data: _TickerFields
    ts: int = 0


class Reader(Generic[_H, _M]):
    """How one channel's messages become headers and rows."""

    def __init__(
        self,
        channel: str,
        head: type[_H],
        header: Callable[[str, str, _H], Header],
        message: type[_M],
        rows: Callable[[str, _M], Sequence[Row]],
    ) -> None:
        self.channel = channel
        self._header, self._rows = header, rows
        self._head = msgspec.json.Decoder(head).decode
        self._message = msgspec.json.Decoder(message, strict=False).decode

    def header(self, symbol: str, payload: bytes) -> Header:
        """Read the time and the number. Raises one of `UNREADABLE`."""
        return self._header(self.channel, symbol, self._head(payload))

    def rows(self, symbol: str, payload: bytes) -> Sequence[Row]:
        """Read the whole message. Raises one of `UNREADABLE`."""
        return self._rows(symbol, self._message(payload))


def _timed_header(channel: str, symbol: str, head: _Timed) -> Header:
    return Data(channel, symbol, None, epoch_ns(head.ts))


def _book_header(channel: str, symbol: str, head: _BookHead) -> Header:
    number = head.data.u
    whole = head.type == "snapshot"
    return Data(channel, symbol, Ids(number, number), epoch_ns(head.ts), is_snapshot=whole)


def _top_header(channel: str, symbol: str, head: _BookHead) -> Header:
    return Data(channel, symbol, Ids(head.data.u, head.data.u), epoch_ns(head.ts))


def _trade_rows(symbol: str, message: _Trades) -> Sequence[Row]:
    """The symbol is that of the topic, and each trade must name it too: options share a topic."""
    if other := next((one.s for one in message.data if one.s not in ("", symbol)), None):
        raise ValueError(f"a trade of {other} among those of {symbol}")
    return [Trade(symbol, epoch_ns(one.T), one.i, SIDES[one.S], one.p, one.v) for one in message.data]


def _liquidation_rows(symbol: str, message: _Liquidations) -> Sequence[Row]:
    return [Liquidation(symbol, epoch_ns(one.T), None, _CLOSING[one.S], one.p, one.v) for one in message.data]


def _book_rows(symbol: str, book: _Book) -> Sequence[Row]:
    levels = book.data
    whole = book.type == "snapshot"
    return (BookUpdate(symbol, epoch_ns(book.ts), whole, levels.b, levels.a, levels.u, levels.u),)


def _top_rows(symbol: str, book: _Book) -> Sequence[Row]:
    """The topic of one level sends the whole top; until 2024 it sent changes, with the old level as 0."""
    bid = max(_standing(book.data.b), default=(None, None))
    ask = min(_standing(book.data.a), default=(None, None))
    return quote(symbol, epoch_ns(book.ts), bid, ask, book.data.u)


def _standing(levels: Sequence[Level]) -> list[Level]:
    return [level for level in levels if level[1]]


def _ticker_rows(symbol: str, ticker: _Ticker) -> Sequence[Row]:
    """The changed fields; no row if only 24-hour statistics or quotes changed."""
    fields = ticker.data
    funding = fields.nextFundingTime
    told = {
        "funding_timestamp": epoch_ns(funding) if isinstance(funding, int) else None,
        "funding_rate": _sent(fields.fundingRate),
        "open_interest": _sent(fields.openInterest),
        "last_price": _sent(fields.lastPrice),
        "index_price": _sent(fields.indexPrice),
        "mark_price": _sent(fields.markPrice),
    }
    if all(value is None for value in told.values()):
        return ()
    return (DerivativeTicker(symbol, epoch_ns(ticker.ts), **told),)  # type: ignore[arg-type]


def _sent(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


_READERS: tuple[Reader[Any, Any], ...] = (
    Reader("publicTrade", _Timed, _timed_header, _Trades, _trade_rows),
    Reader("orderbook", _BookHead, _book_header, _Book, _book_rows),
    Reader("orderbook1", _BookHead, _top_header, _Book, _top_rows),
    Reader("tickers", _Timed, _timed_header, _Ticker, _ticker_rows),
    Reader("allLiquidation", _Timed, _timed_header, _Liquidations, _liquidation_rows),
)
READERS = {reader.channel: reader for reader in _READERS}
