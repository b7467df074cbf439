"""Common to all readers of exchanges' JSON: types of numbers, and what to do with unreadable messages."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ..tables.rows import AggTrade, Row, Trade
from .header import Malformed, Unknown

__all__ = ["UNREADABLE", "Amount", "Id", "excerpt", "number_of", "unexpected", "whole_number"]

UNREADABLE = (ValueError, RecursionError)
"""What decoding raises for hostile bytes; msgspec's errors and bad UTF-8 are `ValueError`."""

_LARGEST_ID = 2**62 - 1

Id = Annotated[int, Meta(ge=-1, le=_LARGEST_ID)]
"""An exchange's number. -1 occurs (an empty new book); the limit leaves one bit of int64 unused."""

Amount = Annotated[float, Meta(ge=0.0, le=sys.float_info.max)]
"""A price or an amount. With ``strict=False`` a string becomes the nearest float, whose shortest form has the
exchange's digits (up to 15). NaN and infinity are refused."""


def unexpected(payload: bytes, ours: Callable[[dict[str, Any]], bool] | None = None) -> Unknown | Malformed:
    """The header of a message that fits nothing known: `Unknown` if it is valid JSON, else `Malformed`.

    It is also `Malformed` if ``ours`` says that the object is a message we subscribe to: its fields are then
    impossible.
    """
    try:
        message = msgspec.json.decode(payload)
    except UNREADABLE:
        return Malformed()
    damaged = ours is not None and isinstance(message, dict) and ours(message)
    return Malformed() if damaged else Unknown()


def number_of(row: Row) -> int | None:
    """A trade's number; None if it has none."""
    if isinstance(row, Trade) and row.number is not None:
        return row.number
    return whole_number(row.id) if isinstance(row, Trade | AggTrade) else None


def whole_number(text: str) -> int | None:
    """The number of a text of digits; None for any other text, and for a number beyond `Id`."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(_LARGEST_ID)):
        return None
    number = int(text)
    return number if number <= _LARGEST_ID else None


def excerpt(payload: bytes) -> str:
    """The beginning of a message, for the log."""
    text = payload[:200].decode("utf-8", "replace")
    return text if len(payload) <= 200 else f"{text}… ({len(payload):,} bytes)"
