"""The table ``liquidations``."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from .table import KEY, Column, Table

__all__ = ["LIQUIDATIONS", "Liquidation"]


class Liquidation(Struct, frozen=True, gc=False):
    """A position closed by the exchange. ``side``: the liquidation order's; sell closes a long position.

    ``price``: the order's (at which the position is taken over) where the exchange reports orders, the
    trade's where it reports trades. ``average_price``: of the resulting trades, None if the exchange does
    not say.
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
    "Positions closed by the exchange; most exchanges do not report all of them ([exchanges](exchanges.md)).",
    (
        *KEY,
        Column("id", "string", "the exchange's; null where it sends none"),
        Column(
            "side",
            "string",
            "of the liquidation order: `sell` closes a long position",
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
        Column("average_price", "float64", "average price of the resulting trades; null: not reported"),
    ),
    numbers=_numbers,
)
