"""The table ``quotes``."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from .table import KEY, Column, Table, fields

__all__ = ["QUOTES", "Quote", "quote"]


class Quote(Struct, frozen=True, gc=False):
    """The top of a book; a value that the exchange did not send is None, never 0."""

    symbol: str
    timestamp: int | None
    bid_price: float | None
    bid_amount: float | None
    ask_price: float | None
    ask_amount: float | None
    last_id: int | None = None


def quote(
    symbol: str,
    timestamp: int | None,
    bid: tuple[float | None, float | None],
    ask: tuple[float | None, float | None],
    last_id: int | None = None,
) -> Sequence[Quote]:
    """The row for the top of a book, each side as (price, amount); no row where both sides are empty.

    Exchanges write an empty side as nothing, as "" (given here as None) or as 0; the row has None.
    """
    bids, asks = _side(*bid), _side(*ask)
    if bids == asks == (None, None):
        return ()
    return (Quote(symbol, timestamp, *bids, *asks, last_id),)


def _side(price: float | None, amount: float | None) -> tuple[float | None, float | None]:
    return (None, None) if price == 0 or amount == 0 else (price, amount)


QUOTES = Table(
    "quotes",
    Quote,
    "The tops of books, by symbol and update id. Both columns of an empty side are null.",
    (
        *KEY,
        Column("ask_amount", "float64", "of the best ask"),
        Column("ask_price", "float64", "the lowest asked"),
        Column("bid_price", "float64", "the highest bid"),
        Column("bid_amount", "float64", "of the best bid"),
        Column("last_id", "int64", "the exchange's update id", encoding="delta"),
    ),
    numbers=fields("bid_price", "bid_amount", "ask_price", "ask_amount"),
)
