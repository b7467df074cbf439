"""The table ``liquidations``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from .table import KEY, Column, Table

__all__ = ["LIQUIDATIONS", "Liquidation"]


class Liquidation(Struct, frozen=True, gc=False):
    """A position that was closed by the exchange. ``side`` is the liquidation order's: sell ends a long.

    ``price`` is the order's, at which the position is taken over, where the exchange tells of orders, and the
    trade's where it tells of trades; ``average_price`` is what was traded at, None where it does not say.
    """

    symbol: str
    timestamp: int | None
    id: str | None
    side: str
    price: float
    amount: float
    average_price: float | None = None


def _numbers(row: Liquidation) -> Iterator[float]:
    yield from (row.price, row.amount)
    if row.average_price is not None and row.average_price != row.price:
        yield row.average_price


LIQUIDATIONS = Table(
    "liquidations",
    Liquidation,
    "Positions that were closed by the exchange; most do not tell all of them ([exchanges](exchanges.md)).",
    (
        *KEY,
        Column("id", "string", "the exchange's; null where it gives none"),
        Column(
            "side",
            "string",
            "of the liquidation order: `sell` ends a long position",
            required=True,
            encoding="dictionary",
        ),
        Column(
            "price",
            "float64",
            "of the order, or of the trade: [which price](#the-prices-of-liquidations)",
            required=True,
            encoding="dictionary",
        ),
        Column(
            "amount",
            "float64",
            "[of what](#the-prices-of-liquidations)",
            required=True,
            encoding="dictionary",
        ),
        Column("average_price", "float64", "what was traded at, on average; null: not told"),
    ),
    numbers=_numbers,
)
