"""Bitstamp's messages and REST answers as rows: numbers are taken from strings, times are microseconds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from ...tables.rows import BookUpdate, DerivativeTicker, Instrument, Listing, OrderEvent, Row, Trade
from ..listing import listing
from ..model import Data
from ..reading import Amount, Id
from ..times import epoch_ns
from .ids import microseconds_ns, time_ids

__all__ = [
    "ROWS",
    "instruments",
    "missed_header",
    "missed_rows",
    "snapshot_header",
    "snapshot_rows",
]

_SIDES = ("buy", "sell")
_BOOK_SIDES = ("bid", "ask")
_HOUR_SECONDS, _DAY_SECONDS = 3_600, 86_400
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


class _BookTime(Struct):
    microtimestamp: str


class _MissedDate(Struct):
    date: Id


class _Missed(Struct):
    tid: Id
    date: Id
    type: _Type
    price: Amount
    amount: Amount


class _Market(Struct):
    market_symbol: str
    base_currency: str
    counter_currency: str
    base_decimals: Annotated[int, Meta(ge=0, le=30)] | None = None
    counter_decimals: Annotated[int, Meta(ge=0, le=30)] | None = None
    market_type: str = "SPOT"
    contract_size: Amount | None = None
    trading: str = "Enabled"


_trade = msgspec.json.Decoder(_Of[_Trade], strict=False).decode
_diff = msgspec.json.Decoder(_Of[_Diff], strict=False).decode
_order = msgspec.json.Decoder(_Order, strict=False).decode
_funding = msgspec.json.Decoder(_Of[_Funding], strict=False).decode
_snapshot = msgspec.json.Decoder(_Diff, strict=False).decode
_snapshot_time = msgspec.json.Decoder(_BookTime).decode
_missed_dates = msgspec.json.Decoder(list[_MissedDate], strict=False).decode
_missed = msgspec.json.Decoder(list[_Missed], strict=False).decode
_markets = msgspec.json.Decoder(list[msgspec.Raw]).decode
_market = msgspec.json.Decoder(_Market, strict=False).decode


def snapshot_header(symbol: str, body: bytes) -> Data:
    """When the book over REST was true. Raises one of `UNREADABLE`."""
    time = _snapshot_time(body).microtimestamp
    return Data("diff_order_book", symbol, time_ids(time), microseconds_ns(time))


def snapshot_rows(header: Data, body: bytes) -> Sequence[Row]:
    """Read the book over REST. Raises one of `UNREADABLE`."""
    return (_book(header, _snapshot(body), whole=True),)


def missed_header(channel: str, symbol: str, body: bytes) -> Data:
    """From when on an answer to ``/transactions/`` holds all trades (None: from when it was asked to).

    What spans more than an hour was asked for a day, and a day is all there is. Raises one of `UNREADABLE`.
    """
    dates = [each.date for each in _missed_dates(body)]
    newest = max(dates, default=0)
    begins = newest - _DAY_SECONDS if dates and newest - min(dates) > _HOUR_SECONDS else 0
    return Data(channel, symbol, None, epoch_ns(begins * 1_000))


def missed_rows(header: Data, body: bytes) -> Sequence[Row]:
    """Read such an answer, which has the newest trade first. Raises one of `UNREADABLE`."""
    return [
        Trade(
            header.symbol,
            epoch_ns(each.date * 1_000),
            str(each.tid),
            _SIDES[each.type],
            each.price,
            each.amount,
        )
        for each in sorted(_missed(body), key=lambda each: each.tid)
    ]


def instruments(body: bytes) -> Listing:
    """Read an answer to ``/markets/``. Raises one of `UNREADABLE`."""
    return listing(_markets(body), _instrument)


def _instrument(entry: msgspec.Raw) -> Instrument:
    each = _market(entry)
    return Instrument(
        each.market_symbol,
        each.base_currency,
        each.counter_currency,
        each.market_type.lower(),
        tick=_step(each.counter_decimals),
        lot=_step(each.base_decimals),
        contract_size=each.contract_size,
        active=each.trading == "Enabled",
    )


def _step(decimals: int | None) -> float | None:
    return None if decimals is None else float(f"1e-{decimals}")


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
    """The amount is what is left of the order, for a deletion what was left of it."""
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
