"""What reading an exchange's JSON has in common: the types of its numbers, and what cannot be read."""

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
"""What decoding hostile bytes raises: msgspec's errors and bad UTF-8 are `ValueError`."""

_LARGEST_ID = 2**62 - 1

Id = Annotated[int, Meta(ge=-1, le=_LARGEST_ID)]
"""An exchange's number. -1 occurs (an empty new book); the limit leaves a bit to spare in int64."""

Amount = Annotated[float, Meta(ge=0.0, le=sys.float_info.max)]
"""A price or an amount. Decoded with ``strict=False`` it is read from a string to the nearest float,
so that the float's shortest form has the exchange's digits (up to 15 of them); NaN and infinity are
refused."""


def unexpected(payload: bytes, ours: Callable[[dict[str, Any]], bool] | None = None) -> Unknown | Malformed:
    """The header of a message that fits nothing known: `Unknown` if it is valid JSON, else `Malformed`.

    ``ours`` says of a JSON object whether it looks like a message we subscribe to. Then its fields are
    impossible, and it is `Malformed` too.
    """
    try:
        message = msgspec.json.decode(payload)
    except UNREADABLE:
        return Malformed()
    damaged = ours is not None and isinstance(message, dict) and ours(message)
    return Malformed() if damaged else Unknown()


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


def excerpt(payload: bytes) -> str:
    """The beginning of a message, for a line of the log."""
    text = payload[:200].decode("utf-8", "replace")
    return text if len(payload) <= 200 else f"{text}… ({len(payload):,} bytes)"
