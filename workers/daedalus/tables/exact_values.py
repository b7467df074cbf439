"""The table ``exact_values``."""

from __future__ import annotations

from msgspec import Struct

from .table import KEY, Column, Table

__all__ = ["EXACT_VALUES", "ExactValue"]


class ExactValue(Struct, frozen=True, gc=False):
    """A number whose digits the float64 in ``table`` does not keep. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int | None
    table: str
    value: float
    text: str


EXACT_VALUES = Table(
    "exact_values",
    ExactValue,
    "The few numbers that a float64 does not keep exactly, with all their digits.",
    (
        *KEY,
        Column("table", "string", "the table with the value", required=True, encoding="dictionary"),
        Column("value", "float64", "the value in that table", required=True),
        Column("text", "string", "the exchange's digits", required=True),
    ),
)
