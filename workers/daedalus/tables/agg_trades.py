"""The table ``agg_trades``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table, fields
from .trades import SOURCE, TRADED

__all__ = ["AGG_TRADES", "AggTrade"]


class AggTrade(Struct, frozen=True, gc=False):
    """Trades ``first_id``..``last_id`` of one taker order at one price, reported as one."""

    symbol: str
    timestamp: int | None
    id: str
    side: str
    price: float
    amount: float
    first_id: int
    last_id: int


AGG_TRADES = Table(
    "agg_trades",
    AggTrade,
    "Trades of one taker order at one price, reported as one (Binance `aggTrade`, OKX `trades`), by\n"
    "symbol and id.",
    (
        *KEY,
        *TRADED,
        Column("first_id", "int64", "the first single trade it stands for", required=True, encoding="delta"),
        Column("last_id", "int64", "and the last", required=True, encoding="delta"),
        SOURCE,
    ),
    numbers=fields("price", "amount"),
)
