"""The table ``trades``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table, fields

__all__ = ["SOURCE", "TRADED", "TRADES", "Trade"]


class Trade(Struct, frozen=True, gc=False):
    """One trade. ``side``: the taker's, "buy" or "sell". ``timestamp``: UTC ns or None.

    ``number``: the exchange's consecutive number of the trade, where that is not ``id`` itself.
    """

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float
    number: int | None = None


TRADED = (
    Column("id", "string", "the exchange's, unique per symbol", required=True, encoding="prefix"),
    Column("side", "string", "`buy` or `sell`, the taker's", required=True, encoding="dictionary"),
    Column("price", "float64", "as the exchange wrote it", required=True),
    Column(
        "amount",
        "float64",
        "as the exchange counts it: base or contracts",
        required=True,
        encoding="dictionary",
    ),
)
"""The columns that single and aggregate trades share."""

SOURCE = Column(
    "source",
    "string",
    "`stream`, or `backfill`: fetched later over REST",
    required=True,
    encoding="dictionary",
)

TRADES = Table(
    "trades",
    Trade,
    "Single trades, by symbol and id.",
    (
        *KEY,
        *TRADED,
        Column(
            "number",
            "int64",
            "the exchange's consecutive number, where that is not `id`",
            encoding="delta",
        ),
        SOURCE,
    ),
    numbers=fields("price", "amount"),
)
