"""Deribit's channels: how messages become headers and rows.

All numbers are JSON numbers. Prices may be negative: those of combos are differences. Amounts are US dollars
for inverse perpetuals and futures, else the base currency, as the exchange counts them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct, structs

from ...tables.rows import BookUpdate, DerivativeTicker, Level, Liquidation, Quote, Row, Trade
from ..model import Data, Header, Ids
from ..reading import Amount, Id
from ..runs import backfill_header
from ..times import epoch_ns

__all__ = ["READERS", "DeribitTrade", "Reader", "TradeIds", "trades_rows"]

_LARGEST = sys.float_info.max
_Value = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
_Side = Literal["buy", "sell"]
_OTHER: dict[_Side, _Side] = {"buy": "sell", "sell": "buy"}
_T = TypeVar("_T")
_I = TypeVar("_I")
_M = TypeVar("_M")


class _Params(Struct, Generic[_T], gc=False):
    data: _T


class _Notification(Struct, Generic[_T], gc=False):
    params: _Params[_T]


class TradeIds(Struct, gc=False):
    """The number of a trade, over the stream and over REST."""

    trade_seq: Id
    timestamp: int = 0


class DeribitTrade(Struct, gc=False):
    """A trade, over the stream and over REST."""

    trade_seq: Id
    trade_id: str
    direction: _Side
    price: _Value
    amount: Amount
    timestamp: int = 0
    liquidation: Literal["M", "T", "MT", "none"] | None = None


class _BookIds(Struct, gc=False):
    change_id: Id
    prev_change_id: Id | None = None
    type: str = ""
    timestamp: int = 0


_Change = tuple[Literal["new", "change", "delete"], _Value, Amount]


class _Book(Struct, gc=False):
    change_id: Id
    bids: list[_Change]
    asks: list[_Change]
    timestamp: int = 0


class _Time(Struct, gc=False):
    timestamp: int


class _Quote(Struct, gc=False):
    best_bid_price: _Value | None = None
    best_bid_amount: Amount | None = None
    best_ask_price: _Value | None = None
    best_ask_amount: Amount | None = None
    timestamp: int = 0


class _Ticker(Struct, gc=False):
    current_funding: _Value | None = None
    open_interest: Amount | None = None
    last_price: _Value | None = None
    index_price: _Value | None = None
    mark_price: _Value | None = None
    timestamp: int = 0


class Reader(Generic[_I, _M]):
    """How one channel's messages become headers and rows."""

    def __init__(
        self,
        ids: type[_I],
        header: Callable[[str, _I], Header],
        message: type[_M],
        rows: Callable[[Data, _M], Sequence[Row]],
    ) -> None:
        self._header, self._rows = header, rows
        self._ids = msgspec.json.Decoder(_Notification[ids]).decode  # type: ignore[valid-type]
        self._message = msgspec.json.Decoder(_Notification[message]).decode  # type: ignore[valid-type]

    def header(self, symbol: str, payload: bytes) -> Header:
        """Read the ids and the time. Raises one of `UNREADABLE`."""
        return self._header(symbol, self._ids(payload).params.data)

    def rows(self, header: Data, payload: bytes) -> Sequence[Row]:
        """Read the whole message. Raises one of `UNREADABLE`."""
        return self._rows(header, self._message(payload).params.data)


def _trades_header(symbol: str, trades: list[TradeIds]) -> Header:
    """Usually one run of consecutive numbers, oldest first, which needs no sorting."""
    time = epoch_ns(trades[-1].timestamp) if trades else None
    number = trades[0].trade_seq if trades else 0
    for expected, trade in enumerate(trades, number):
        if trade.trade_seq != expected:
            break
    else:
        ids = Ids(number, number + len(trades) - 1) if trades else None
        return Data("trades", symbol, ids, time)
    header = backfill_header("trades", symbol, (trade.trade_seq for trade in trades))
    return structs.replace(header, exchange_ns=time)


def trades_rows(header: Data, trades: list[DeribitTrade]) -> Sequence[Row]:
    """The trades, oldest first, then the liquidations among them."""
    symbol = header.symbol
    rows: list[Row] = []
    liquidations: list[Row] = []
    for trade in sorted(trades, key=lambda each: each.trade_seq):
        time, price, amount = epoch_ns(trade.timestamp), trade.price, trade.amount
        side = trade.direction
        rows.append(Trade(symbol, time, trade.trade_id, side, price, amount, trade.trade_seq))
        # The order of the maker, the taker or both was the exchange's own, to close a position.
        for who, closing in (("M", _OTHER[side]), ("T", side)):
            if trade.liquidation and who in trade.liquidation:
                liquidations.append(Liquidation(symbol, time, trade.trade_id, closing, price, amount, price))
    return rows + liquidations


def _book_header(symbol: str, book: _BookIds) -> Header:
    last, previous, time = book.change_id, book.prev_change_id, epoch_ns(book.timestamp)
    # Snapshots of 2022 named a predecessor, those of 2019 had no type.
    if book.type == "snapshot" or previous is None:
        return Data("book", symbol, Ids(last, last), time, is_snapshot=True)
    return Data("book", symbol, Ids(min(previous + 1, last), last, previous), time)


def _book_rows(header: Data, book: _Book) -> Sequence[Row]:
    time, whole = epoch_ns(book.timestamp), header.is_snapshot
    first = header.ids.first if header.ids else None
    bids, asks = _levels(book.bids), _levels(book.asks)
    return (BookUpdate(header.symbol, time, whole, bids, asks, first, book.change_id),)


def _levels(changes: list[_Change]) -> list[Level]:
    return [(price, 0.0 if action == "delete" else amount) for action, price, amount in changes]


def _quote_header(symbol: str, message: _Time) -> Header:
    return Data("quote", symbol, None, epoch_ns(message.timestamp))


def _quote_rows(header: Data, top: _Quote) -> Sequence[Row]:
    """An empty side has the amount 0. A price of 0 or below is that of a combo."""
    bid = (top.best_bid_price, top.best_bid_amount) if top.best_bid_amount else (None, None)
    ask = (top.best_ask_price, top.best_ask_amount) if top.best_ask_amount else (None, None)
    if bid[0] is None and ask[0] is None:
        return ()
    return (Quote(header.symbol, epoch_ns(top.timestamp), *bid, *ask),)


def _ticker_header(symbol: str, message: _Time) -> Header:
    return Data("ticker", symbol, None, epoch_ns(message.timestamp))


def _ticker_rows(header: Data, ticker: _Ticker) -> Sequence[Row]:
    return (
        DerivativeTicker(
            header.symbol,
            epoch_ns(ticker.timestamp),
            # Funding is paid continuously: this is the current rate, per eight hours.
            funding_rate=ticker.current_funding,
            open_interest=ticker.open_interest,
            last_price=ticker.last_price,
            index_price=ticker.index_price,
            mark_price=ticker.mark_price,
        ),
    )


READERS: dict[str, Reader[Any, Any]] = {
    "trades": Reader(list[TradeIds], _trades_header, list[DeribitTrade], trades_rows),
    "book": Reader(_BookIds, _book_header, _Book, _book_rows),
    "quote": Reader(_Time, _quote_header, _Quote, _quote_rows),
    "ticker": Reader(_Time, _ticker_header, _Ticker, _ticker_rows),
}
