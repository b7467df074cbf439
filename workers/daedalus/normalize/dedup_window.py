"""The window of duplicates, where no number tells them: ids of trades, and the content of messages.

Two connections bring the same message twice, and so do the recent trades that some exchanges send to whoever
subscribes. Keys are 64-bit digests, so that what is remembered stays small.
"""

from __future__ import annotations

import hashlib

from msgspec import Struct

__all__ = ["LEFT", "REMEMBERED", "WINDOW_NS", "SeenContent", "SeenContentState", "SeenIds", "SeenIdsState"]

REMEMBERED = 4096
"""Keys per symbol: seconds of the busiest market, far more than two connections are ever apart."""

LEFT = 512
"""Of them, those that a segment leaves for the next."""

WINDOW_NS = 10_000_000_000
"""How far two connections may be apart. After this, identical content counts as a new message."""


class SeenIdsState(Struct, frozen=True):
    """The ids that are remembered of one symbol, oldest first; becomes JSON as it is.

    ``contents``: what each said (None: not known); empty where nothing of it is known.
    """

    symbol: str
    keys: list[int]
    contents: list[int | None] = []


class SeenIds:
    """Remembers ids per symbol."""

    def __init__(self, state: list[SeenIdsState]) -> None:
        self._keys: dict[str, dict[int, int | None]] = {
            each.symbol: dict(zip(each.keys, each.contents or [None] * len(each.keys), strict=True))
            for each in state
        }

    def seen(self, symbol: str, name: str, content: int | None = None) -> bool:
        """Whether the same id came before, over whichever connection, and said the same; remember it.

        ``content``: what it says; None where that cannot be compared, as its digits may be others over REST.
        """
        keys = self._keys.setdefault(symbol, {})
        key = _digest(name.encode())
        if key in keys:
            known = keys[key]
            if known is None or content is None or known == content:
                return True
            del keys[key]  # so that it stands behind the others again
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
    times: dict[str, int]  # how often each connection has brought it


class SeenContentState(Struct, frozen=True):
    """The contents that are remembered of one symbol, oldest first; becomes JSON as it is."""

    symbol: str
    contents: list[_Content]


class SeenContent:
    """Remembers what messages said, and how often each connection said it.

    The n-th time on one connection is a duplicate if another one has said it n times already: an exchange may
    well repeat itself, and then does so on each.
    """

    def __init__(self, state: list[SeenContentState]) -> None:
        self._known = {each.symbol: {one.key: one for one in each.contents} for each in state}

    def seen(self, symbol: str, content: bytes, conn: str, at_ns: int) -> bool:
        """Whether another connection has brought the same already; remember it."""
        known = self._known.setdefault(symbol, {})
        key = _digest(content)
        found = known.get(key)
        if found is None or at_ns - found.since_ns > WINDOW_NS:
            known.pop(key, None)  # so that it stands behind the others again
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
