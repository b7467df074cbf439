"""Remembers recent ids of trades and recent contents of messages, where no number tells duplicates.

Duplicates come from a second connection, and from the recent trades that some exchanges send to each new
subscriber. Keys are 64-bit digests, which keeps the memory small.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

__all__ = ["LEFT", "REMEMBERED", "WINDOW_NS", "SeenContent", "SeenContentState", "SeenIds", "SeenIdsState"]

REMEMBERED = 4096
"""Keys per symbol: seconds of the busiest market, far more than two connections are ever apart."""

LEFT = 512
"""Those of them that a segment leaves for the next."""

WINDOW_NS = 10_000_000_000
"""How far two connections may be apart; after this, identical content counts as a new message."""


class SeenIdsState(Struct, frozen=True):
    """The recent ids of one symbol, oldest first; becomes JSON as it is.

    ``contents``: digests of the trades with these ids, None for one that is not known; empty if none is.
    """

    symbol: str
    keys: list[int]
    contents: list[int | None] = []


class SeenIds:
    """The recent ids of each symbol's trades."""

    def __init__(self, state: list[SeenIdsState]) -> None:
        self._keys: dict[str, dict[int, int | None]] = {
            each.symbol: dict(zip(each.keys, each.contents or [None] * len(each.keys), strict=True))
            for each in state
        }

    def seen(self, symbol: str, name: str, content: int | None = None) -> bool:
        """Whether the same id came before with the same content, on any connection; remember it.

        ``content``: a digest of the trade; None if it cannot be compared (REST may write other digits).
        """
        keys = self._keys.setdefault(symbol, {})
        key = _digest(name.encode())
        if key in keys:
            known = keys[key]
            if known is None or content is None or known == content:
                return True
            del keys[key]  # so that it becomes the newest
        keys[key] = content
        if len(keys) > REMEMBERED:
            del keys[next(iter(keys))]
        return False

    def state(self) -> list[SeenIdsState]:
        """What the next segment needs, by symbol."""
        return [
            SeenIdsState(symbol, list(keys)[-LEFT:], list(keys.values())[-LEFT:])
            for symbol, keys in sorted(self._keys.items())
        ]


class _Content(Struct):
    key: int
    since_ns: int
    times: dict[str, int]  # how often each connection has delivered it


class SeenContentState(Struct, frozen=True):
    """The recent contents of one symbol, oldest first; becomes JSON as it is."""

    symbol: str
    contents: list[_Content]


class SeenContent:
    """The recent contents of messages, and how often each connection has delivered each.

    The n-th time on one connection is a duplicate if another one has delivered it n times already: an
    exchange may repeat itself, and then does so on each connection.
    """

    def __init__(self, state: list[SeenContentState]) -> None:
        self._known = {each.symbol: {one.key: one for one in each.contents} for each in state}

    def seen(self, symbol: str, content: bytes, conn: str, at_ns: int) -> bool:
        """Whether another connection has delivered the same already; remember it."""
        known = self._known.setdefault(symbol, {})
        key = _digest(content)
        found = known.get(key)
        if found is None or at_ns - found.since_ns > WINDOW_NS:
            known.pop(key, None)  # so that it becomes the newest
            known[key] = _Content(key, at_ns, {conn: 1})
            if len(known) > REMEMBERED:
                del known[next(iter(known))]
            return False
        here = found.times[conn] = found.times.get(conn, 0) + 1
        return any(times >= here for other, times in found.times.items() if other != conn)

    def state(self) -> list[SeenContentState]:
        """What the next segment needs, by symbol."""
        return [
            SeenContentState(symbol, list(known.values())[-LEFT:])
            for symbol, known in sorted(self._known.items())
        ]


def _digest(content: bytes) -> int:
    return int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "big", signed=True)
