"""What came lately, where no number says so: ids of trades, or the content of messages.

Two connections bring the same message twice, and so do the recent trades that some venues send to whoever
subscribes. Keys are 64-bit digests, so that what is remembered stays small.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

__all__ = ["CARRIED", "REMEMBERED", "Recent", "RecentState"]

REMEMBERED = 4096
"""Keys per symbol: seconds of the busiest market, far more than two connections are ever apart."""

CARRIED = 512
"""Of them, those that a segment leaves for the next."""


class RecentState(Struct, frozen=True):
    """What is remembered of one symbol, oldest first; becomes JSON as it is."""

    symbol: str
    keys: list[tuple[int, str]]


class Recent:
    """Remembers keys per symbol, and by which connection each came first."""

    def __init__(self, state: list[RecentState]) -> None:
        self._keys: dict[str, dict[int, str]] = {each.symbol: dict(each.keys) for each in state}

    def again(self, symbol: str, content: bytes, conn: str) -> bool:
        """Whether the same came before, over whichever connection; remember it."""
        return self._before(symbol, content, conn) is not None

    def elsewhere(self, symbol: str, content: bytes, conn: str) -> bool:
        """Whether the same came before over another connection: a venue may well repeat itself on one."""
        return self._before(symbol, content, conn) not in (None, conn)

    def state(self) -> list[RecentState]:
        """What the next segment needs, by symbol."""
        return [
            RecentState(symbol, list(keys.items())[-CARRIED:]) for symbol, keys in sorted(self._keys.items())
        ]

    def _before(self, symbol: str, content: bytes, conn: str) -> str | None:
        keys = self._keys.setdefault(symbol, {})
        key = int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)
        first = keys.get(key)
        if first is None:
            keys[key] = conn
            if len(keys) > REMEMBERED:
                del keys[next(iter(keys))]
        return first
