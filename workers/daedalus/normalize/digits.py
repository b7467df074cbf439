"""Finds the numbers of a message whose digits a float64 does not keep.

A number of up to 15 significant digits survives the way to the nearest float64 and back in its shortest
form, with or without an exponent. Longer ones are rare, and one search over the message's bytes finds them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from ..tables.exact_values import ExactValue
from ..tables.registry import TABLES
from ..tables.rows import Row

__all__ = ["exact_values", "inexact"]

_LONG = re.compile(
    rb"(?<![\d.])-?(?:(?=[\d.]{17,400}(?![\d.]))\d+\.\d+|\d{16,400})(?:[eE][+-]?\d{1,4})?(?![\d.])"
)
"""A number of 16 digits or more. Many are ids and times, which are no values of a row."""

_BEYOND = re.compile(rb"(?<![\d.])9\d{15}(?![\d.])")
"""An integer of 16 digits that may be beyond 2^53 begins with 9; times in microseconds do not."""

# Nearly always there is none, and this tells so in a tenth of the time that the expression takes.
_AS_DIGIT = bytes.maketrans(b"0123456789.", b"0" * 11)
_RUN = b"0" * 17
_RUN_OF_16 = b"0" * 16


def inexact(payload: bytes) -> dict[float, str]:
    """The numbers of a message that a float64 changes, by their float64 and by its absolute value."""
    found: dict[float, str] = {}
    runs = payload.translate(_AS_DIGIT)
    if _RUN not in runs and (_RUN_OF_16 not in runs or _BEYOND.search(payload) is None):
        return found
    for match in _LONG.finditer(payload):
        text = match[0].decode("ascii")
        value = float(text)
        if Decimal(repr(value)) != Decimal(text):
            found[value] = text
            if value < 0:  # some exchanges write a sale as a negative amount
                found.setdefault(-value, text[1:])
    return found


def exact_values(texts: Mapping[float, str], table: str, row: Row) -> list[ExactValue]:
    """The values of a row of ``table`` that are in ``texts``: the digits that its floats do not keep."""
    return [
        ExactValue(row.symbol, row.timestamp, table, number, texts[number])
        for number in TABLES[table].numbers(row)
        if number in texts
    ]
