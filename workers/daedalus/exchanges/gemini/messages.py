"""Gemini's messages and REST answers as rows; numbers are taken from strings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ...tables.rows import BookUpdate, Instrument, Listing, Row, Trade, quote
from ..listing import listing
from ..model import Data
from ..reading import Amount, Id
from ..times import epoch_ns

__all__ = ["ROWS", "instruments", "missed_header", "missed_rows"]

_PERPETUAL = "perp"
_QUOTES = (
    *("gusd", "rlusd", "usdc", "usdt", "usd", "eur", "gbp", "sgd", "aud", "cad", "hkd"),
    *("btc", "eth", "bch", "ltc", "fil", "sol", "dai", "doge"),
)


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


class _MissedId(Struct):
    tid: Id


class _Missed(Struct):
    tid: Id
    timestampms: Id
    price: Amount
    amount: Amount
    type: str = ""


_trade = msgspec.json.Decoder(_Trade, strict=False).decode
_depth = msgspec.json.Decoder(_Depth, strict=False).decode
_book_ticker = msgspec.json.Decoder(_BookTicker, strict=False).decode
_missed_ids = msgspec.json.Decoder(list[_MissedId], strict=False).decode
_missed = msgspec.json.Decoder(list[_Missed], strict=False).decode
_symbols = msgspec.json.Decoder(list[msgspec.Raw]).decode
_name = msgspec.json.Decoder(str).decode


def missed_header(symbol: str, body: bytes) -> Data:
    """Whether this is an answer to ``/v1/trades``; its ids prove nothing. Raises one of `UNREADABLE`."""
    _missed_ids(body)
    return Data("trade", symbol)


def missed_rows(header: Data, body: bytes) -> Sequence[Row]:
    """Read such an answer, which has the newest trade first. Raises one of `UNREADABLE`."""
    return [
        Trade(header.symbol, epoch_ns(each.timestampms), str(each.tid), each.type, each.price, each.amount)
        for each in sorted(_missed(body), key=lambda each: each.tid)
        if each.type in ("buy", "sell")  # auctions and block trades have no taker
    ]


def instruments(body: bytes) -> Listing:
    """Read an answer to ``/v1/symbols``. Raises one of `UNREADABLE`."""
    return listing(_symbols(body), _instrument)


def _trade_rows(header: Data, payload: bytes) -> Sequence[Row]:
    trade = _trade(payload)
    side = "sell" if trade.m else "buy"  # m: the buyer was there before
    return (Trade(header.symbol, header.exchange_ns, str(trade.t), side, trade.p, trade.q),)


def _depth_rows(header: Data, payload: bytes) -> Sequence[Row]:
    """``first_id`` is the one after the update that this one follows."""
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


def _instrument(entry: msgspec.Raw) -> Instrument:
    name = _name(entry)
    pair = name.removesuffix(_PERPETUAL)
    money = next((each for each in _QUOTES if pair.endswith(each) and pair != each), "")
    base = pair.removesuffix(money) if money else pair
    kind = "spot" if pair == name else "perpetual"
    return Instrument(name, base.upper(), money.upper(), kind)


ROWS: Mapping[str, Callable[[Data, bytes], Sequence[Row]]] = {
    "trade": _trade_rows,
    "depth": _depth_rows,
    "bookTicker": _quote_rows,
}
