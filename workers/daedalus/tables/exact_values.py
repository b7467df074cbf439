"""The table ``exact_values``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table

__all__ = ["EXACT_VALUES", "ExactValue"]


class ExactValue(Struct, frozen=True, gc=False):
    """A value of one row whose digits the float in ``table`` does not keep. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int | None
    table: str
    value: float
    text: str


EXACT_VALUES = Table(
    "exact_values",
    ExactValue,
    "The few numbers of which a float64 does not keep every digit, digit by digit.",
    (
        *KEY,
        Column("table", "string", "whose row has the value", required=True, encoding="dictionary"),
        Column("value", "float64", "as it stands there", required=True),
        Column("text", "string", "the exchange's digits", required=True),
    ),
)
