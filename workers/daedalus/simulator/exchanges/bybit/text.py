"""What Bybit's streams and its REST answers share."""

from __future__ import annotations

import uuid
import zlib

from ...noise import mix

__all__ = ["MILLISECOND", "trade_id"]

MILLISECOND = 10**6


def trade_id(category: str, symbol: str, number: int) -> str:
    """The id of a trade: a UUID without an order; on spot a long number that skips."""
    if category == "spot":
        return str(2_290_000_000_000_000_000 + number * 3)
    key = zlib.crc32(symbol.encode())
    return str(uuid.UUID(int=(mix(key, number) << 64) | mix(key + 1, number), version=4))
