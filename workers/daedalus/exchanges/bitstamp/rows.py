"""Bitstamp's messages as rows: numbers are read from strings, times are microseconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ...tables.rows import BookUpdate, DerivativeTicker, OrderEvent, Row, Trade
from ..model import Data
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["ROWS", "snapshot_rows"]

_SIDES = ("buy", "sell")
_BOOK_SIDES = ("bid", "ask")
_LARGEST = sys.float_info.max
_Rate = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
_Type = Literal[0, 1]
"""0 is buy or bid, 1 is sell or ask."""
_Levels = list[tuple[Amount, Amount]]
_T = TypeVar("_T")


class _Of(Struct, Generic[_T], gc=False):
    data: _T


class _Trade(Struct, gc=False):
    id: Id
    type: _Type
    price_str: Amount
    amount_str: Amount


class _Diff(Struct, gc=False):
    bids: _Levels
    asks: _Levels


class _OrderData(Struct, gc=False):
    id_str: str
    order_type: _Type
    price_str: Amount
    amount_str: Amount


class _Order(Struct, gc=False):
    event: Literal["order_created", "order_changed", "order_deleted"]
    data: _OrderData


class _Funding(Struct, gc=False):
    funding_rate: _Rate | None = None
    mark_price: Amount | None = None
    index_price: Amount | None = None
    next_funding_time: Id | None = None


_trade = msgspec.json.Decoder(_Of[_Trade], strict=False).decode
_diff = msgspec.json.Decoder(_Of[_Diff], strict=False).decode
_order = msgspec.json.Decoder(_Order, strict=False).decode
_funding = msgspec.json.Decoder(_Of[_Funding], strict=False).decode
_snapshot = msgspec.json.Decoder(_Diff, strict=False).decode


def snapshot_rows(header: Data, body: bytes) -> Sequence[Row]:
    """Read the book over REST. Raises one of `UNREADABLE`."""
    return (_book(header, _snapshot(body), whole=True),)


def _trade_rows(header: Data, payload: bytes) -> Sequence[Row]:
    trade = _trade(payload).data
    side = _SIDES[trade.type]
    price, amount = trade.price_str, trade.amount_str
    return (Trade(header.symbol, header.exchange_ns, str(trade.id), side, price, amount),)


def _diff_rows(header: Data, payload: bytes) -> Sequence[Row]:
    return (_book(header, _diff(payload).data, whole=False),)


def _book(header: Data, book: _Diff, *, whole: bool) -> BookUpdate:
    at = header.ids.last if header.ids else None
    return BookUpdate(header.symbol, header.exchange_ns, whole, book.bids, book.asks, at, at)


def _order_rows(header: Data, payload: bytes) -> Sequence[Row]:
    """The amount is the rest of the order; for a deletion, the rest that was deleted."""
    message = _order(payload)
    order = message.data
    return (
        OrderEvent(
            header.symbol,
            header.exchange_ns,
            order.id_str,
            message.event.removeprefix("order_"),
            _BOOK_SIDES[order.order_type],
            order.price_str,
            order.amount_str,
            header.ids.last if header.ids else None,
        ),
    )


def _funding_rows(header: Data, payload: bytes) -> Sequence[Row]:
    funding = _funding(payload).data
    due = funding.next_funding_time
    return (
        DerivativeTicker(
            header.symbol,
            header.exchange_ns,
            funding_timestamp=None if due is None else epoch_ns(due * 1_000),
            funding_rate=funding.funding_rate,
            index_price=funding.index_price,
            mark_price=funding.mark_price,
        ),
    )


ROWS: Mapping[str, Callable[[Data, bytes], Sequence[Row]]] = {
    "live_trades": _trade_rows,
    "diff_order_book": _diff_rows,
    "live_orders": _order_rows,
    "funding_rate": _funding_rows,
}
