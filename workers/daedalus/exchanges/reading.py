"""What reading an exchange's JSON has in common: the types of its numbers, and what cannot be read."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..tables.rows import AggTrade, Row, Trade
from .model import Header, Kind

__all__ = ["UNREADABLE", "Amount", "Id", "number_of", "unexpected", "whole_number"]

UNREADABLE = (ValueError, RecursionError)
"""What decoding hostile bytes raises: msgspec's errors and bad UTF-8 are `ValueError`."""

_LARGEST_ID = 2**62 - 1

Id = Annotated[int, Meta(ge=-1, le=_LARGEST_ID)]
"""An exchange's number. -1 occurs (an empty new book); the limit leaves a bit to spare in int64."""

Amount = Annotated[float, Meta(ge=0.0, le=sys.float_info.max)]
"""A price or an amount. Decoded with ``strict=False`` it is read from a string to the nearest float,
so that the float's shortest form has the exchange's digits (up to 15 of them); NaN and infinity are
refused."""

_UNKNOWN = Header(Kind.UNKNOWN)
_MALFORMED = Header(Kind.MALFORMED)


def unexpected(payload: bytes, ours: Callable[[dict[str, Any]], bool] | None = None) -> Header:
    """The header of a message that fits nothing known: UNKNOWN if it is sound JSON, else MALFORMED.

    ``ours`` tells of an object whether it is of a kind that is known: then its fields are impossible,
    which is damage too.
    """
    try:
        message = msgspec.json.decode(payload)
    except UNREADABLE:
        return _MALFORMED
    return _MALFORMED if ours is not None and isinstance(message, dict) and ours(message) else _UNKNOWN


def number_of(row: Row) -> int | None:
    """A trade's place in its exchange's numbering; None where it has none."""
    if isinstance(row, Trade) and row.number is not None:
        return row.number
    return whole_number(row.id) if isinstance(row, Trade | AggTrade) else None


def whole_number(text: str) -> int | None:
    """The number that a text of digits alone is; None for any other, and for one that no `Id` can be."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(_LARGEST_ID)):
        return None
    number = int(text)
    return number if number <= _LARGEST_ID else None
