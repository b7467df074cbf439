"""The table ``orders``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table, fields

__all__ = ["ORDERS", "OrderEvent"]


class OrderEvent(Struct, frozen=True, gc=False):
    """One event of a resting order (L3). ``event``: created, changed or deleted.

    ``side``: bid or ask. ``last_id``: the exchange's number of the event.
    """

    symbol: str
    timestamp: int | None
    id: str
    event: str
    side: str
    price: float
    amount: float
    last_id: int | None = None


ORDERS = Table(
    "orders",
    OrderEvent,
    "Books by single orders (L3; Bitstamp `live_orders`), by symbol and event.",
    (
        *KEY,
        Column("id", "string", "the resting order's", required=True, encoding="prefix"),
        Column("event", "string", "`created`, `changed` or `deleted`", required=True, encoding="dictionary"),
        Column("side", "string", "`bid` or `ask`", required=True, encoding="dictionary"),
        Column("price", "float64", "of the order", required=True),
        Column("amount", "float64", "what is left of the order", required=True, encoding="dictionary"),
        Column("last_id", "int64", "the exchange's number of the event", encoding="delta"),
    ),
    numbers=fields("price", "amount"),
)
