"""Gemini's messages as rows; numbers are read from strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ...tables.rows import BookUpdate, Row, Trade, quote
from ..model import Data
from ..reading import Amount, Id

__all__ = ["ROWS"]


class _Trade(Struct, gc=False):
    t: Id
    p: Amount
    q: Amount
    m: bool


class _Depth(Struct, gc=False):
    u: Id
    b: list[tuple[Amount, Amount]]
    a: list[tuple[Amount, Amount]]


_Sent = Amount | Literal[""] | None


class _BookTicker(Struct, gc=False):
    u: Id
    b: _Sent = None
    B: _Sent = None
    a: _Sent = None
    A: _Sent = None


_trade = msgspec.json.Decoder(_Trade, strict=False).decode
_depth = msgspec.json.Decoder(_Depth, strict=False).decode
_book_ticker = msgspec.json.Decoder(_BookTicker, strict=False).decode


def _trade_rows(header: Data, payload: bytes) -> Sequence[Row]:
    trade = _trade(payload)
    side = "sell" if trade.m else "buy"  # m: the buyer was the maker
    return (Trade(header.symbol, header.exchange_ns, str(trade.t), side, trade.p, trade.q),)


def _depth_rows(header: Data, payload: bytes) -> Sequence[Row]:
    """``first_id`` is the id after the previous update's last."""
    depth = _depth(payload)
    first = header.ids.first if header.ids else None
    whole = header.is_snapshot
    return (BookUpdate(header.symbol, header.exchange_ns, whole, depth.b, depth.a, first, depth.u),)


def _quote_rows(header: Data, payload: bytes) -> Sequence[Row]:
    top = _book_ticker(payload)
    bid, ask = (_sent(top.b), _sent(top.B)), (_sent(top.a), _sent(top.A))
    return quote(header.symbol, header.exchange_ns, bid, ask, top.u)


def _sent(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


ROWS: Mapping[str, Callable[[Data, bytes], Sequence[Row]]] = {
    "trade": _trade_rows,
    "depth": _depth_rows,
    "bookTicker": _quote_rows,
}
