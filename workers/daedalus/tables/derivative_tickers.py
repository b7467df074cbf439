"""The table ``derivative_tickers``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table, fields

__all__ = ["DERIVATIVE_TICKERS", "DerivativeTicker"]


class DerivativeTicker(Struct, frozen=True, gc=False):
    """Funding, open interest and prices of a derivative; a value that the message does not have is None.

    ``funding_rate``: per funding interval. ``funding_timestamp``: UTC ns of the next payment.
    ``open_interest``: as the exchange counts it (contracts or base).
    """

    symbol: str
    timestamp: int | None
    funding_timestamp: int | None = None
    funding_rate: float | None = None
    predicted_funding_rate: float | None = None
    open_interest: float | None = None
    last_price: float | None = None
    index_price: float | None = None
    mark_price: float | None = None


DERIVATIVE_TICKERS = Table(
    "derivative_tickers",
    DerivativeTicker,
    "Funding, open interest and prices of derivatives, message by message: a value that a message does not\n"
    "have is null, not repeated.",
    (
        *KEY,
        Column("funding_timestamp", "time", "time of the next funding payment", encoding="delta"),
        Column("funding_rate", "float64", "per interval of funding", encoding="dictionary"),
        Column("predicted_funding_rate", "float64", "as the exchange expects it", encoding="dictionary"),
        Column(
            "open_interest",
            "float64",
            "as the exchange counts it: contracts or base",
            encoding="dictionary",
        ),
        Column("last_price", "float64", "of the last trade"),
        Column("index_price", "float64", "of the index it is derived from"),
        Column("mark_price", "float64", "at which positions are valued"),
    ),
    numbers=fields(
        "funding_rate",
        "predicted_funding_rate",
        "open_interest",
        "last_price",
        "index_price",
        "mark_price",
    ),
)
