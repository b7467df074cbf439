"""Coinbase Exchange's messages as rows.

The exchange gives the maker's side of a trade; the tables have the taker's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Struct

from ...tables.rows import BookUpdate, Level, Quote, Trade, quote
from ..reading import Amount, Id
from ..times import rfc3339_ns

__all__ = ["Match", "book_row", "quote_rows", "row_of", "trade_row"]

_TAKER = {"buy": "sell", "sell": "buy"}


class _Kind(Struct):
    type: str


class Match(Struct):
    """A trade, over the stream and over REST."""

    trade_id: Id
    side: Literal["buy", "sell"]
    size: Amount
    price: Amount
    time: str = ""


class _Ticker(Struct):
    best_bid: Amount | Literal[""] | None = None
    best_ask: Amount | Literal[""] | None = None
    best_bid_size: Amount | Literal[""] | None = None
    best_ask_size: Amount | Literal[""] | None = None
    sequence: Id | None = None
    time: str = ""


class _Update(Struct):
    changes: list[tuple[Literal["buy", "sell"], Amount, Amount]]
    time: str = ""


class _Snapshot(Struct):
    bids: list[tuple[Amount, Amount]]
    asks: list[tuple[Amount, Amount]]
    time: str = ""


class _LooseSnapshot(Struct):
    bids: list[tuple[str, str]]
    asks: list[tuple[str, str]]
    time: str = ""


_kind = msgspec.json.Decoder(_Kind).decode
_match = msgspec.json.Decoder(Match, strict=False).decode
_ticker = msgspec.json.Decoder(_Ticker, strict=False).decode
_update = msgspec.json.Decoder(_Update, strict=False).decode
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False).decode
_loose_snapshot = msgspec.json.Decoder(_LooseSnapshot).decode
_amount = msgspec.json.Decoder(Amount, strict=False).decode


def trade_row(symbol: str, payload: bytes) -> Trade:
    """A match. Raises one of `UNREADABLE`."""
    return row_of(symbol, _match(payload))


def row_of(symbol: str, match: Match) -> Trade:
    """The row of a trade."""
    side, time = _TAKER[match.side], rfc3339_ns(match.time)
    return Trade(symbol, time, str(match.trade_id), side, match.price, match.size)


def quote_rows(symbol: str, payload: bytes) -> Sequence[Quote]:
    """The best bid and ask of a ticker. Raises one of `UNREADABLE`."""
    ticker = _ticker(payload)
    bid = _sent(ticker.best_bid), _sent(ticker.best_bid_size)
    ask = _sent(ticker.best_ask), _sent(ticker.best_ask_size)
    return quote(symbol, rfc3339_ns(ticker.time), bid, ask, ticker.sequence)


def _sent(value: float | str | None) -> float | None:
    return value if isinstance(value, float) else None


def book_row(symbol: str, payload: bytes) -> BookUpdate:
    """A snapshot or changes of a book. Raises one of `UNREADABLE`."""
    if _kind(payload).type == "l2update":
        update = _update(payload)
        bids = [(price, amount) for side, price, amount in update.changes if side == "buy"]
        asks = [(price, amount) for side, price, amount in update.changes if side == "sell"]
        return BookUpdate(symbol, rfc3339_ns(update.time), False, bids, asks)
    try:
        book = _snapshot(payload)
    except msgspec.ValidationError:
        # Snapshots with a few impossible amounts ('0.-10000') occur: skip the level, keep the book.
        loose = _loose_snapshot(payload)
        bids, asks = _sound(loose.bids), _sound(loose.asks)
        if not bids and not asks:
            raise  # a book without any readable level is not an empty book
        return BookUpdate(symbol, rfc3339_ns(loose.time), True, bids, asks)
    return BookUpdate(symbol, rfc3339_ns(book.time), True, book.bids, book.asks)


def _sound(levels: Sequence[tuple[str, str]]) -> list[Level]:
    kept = []
    for price, amount in levels:
        try:
            kept.append((_amount(msgspec.json.encode(price)), _amount(msgspec.json.encode(amount))))
        except msgspec.ValidationError:
            continue
    return kept
