"""Bitfinex's book in the exchange's own digits, compared with its checksums.

Source: docs.bitfinex.com, "WebSocket Checksum". The signed CRC-32 covers the best 25 bids and asks in turn,
``bid price:bid amount:ask price:ask amount:...``, asks with their negative amounts; missing levels of a
side are left out. Numbers count as written (``1.7e-7``, ``1.7023900800000002``), so they are kept as text.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Sequence

import msgspec
from msgspec import Raw, Struct

from ..model import Data
from ..reading import UNREADABLE
from .rows import body_of

__all__ = ["BitfinexBook"]

_CHECKED = 25


class _Level(Struct, array_like=True):
    price: Raw
    count: int
    amount: Raw


class _State(Struct):
    """``price:amount`` of each level, the best first."""

    bids: list[str]
    asks: list[str]


_levels = msgspec.json.Decoder(list[_Level]).decode
_level = msgspec.json.Decoder(_Level).decode
_state = msgspec.json.Decoder(_State).decode


class _Side:
    """One side; ``keys`` ascend from the best price (those of bids are negative)."""

    def __init__(self, sign: int, texts: Sequence[str] = ()) -> None:
        self.sign = sign
        self.texts: dict[float, str] = {}
        self.keys: list[float] = []
        for text in texts:
            self.set(float(text.partition(":")[0]), text)

    def set(self, price: float, text: str | None) -> None:
        key = self.sign * price
        there = key in self.texts
        if text is None:
            if there:
                del self.texts[key]
                del self.keys[bisect_left(self.keys, key)]
            return
        if not there:
            self.keys.insert(bisect_left(self.keys, key), key)
        self.texts[key] = text

    def best(self, count: int | None = None) -> list[str]:
        return [self.texts[key] for key in self.keys[:count]]


class BitfinexBook:
    """The book of one symbol: a `BookCheck`.

    Nothing is compared before the first snapshot, nor between a wrong checksum and the next snapshot.
    """

    def __init__(self, state: bytes | None = None) -> None:
        self._sides: tuple[_Side, _Side] | None = None
        if state:
            told = _state(state)
            self._sides = _Side(-1, told.bids), _Side(1, told.asks)

    def apply(self, header: Data, payload: bytes) -> bool | None:
        """Take a message; return whether its checksum matches, None if there is nothing to compare."""
        try:
            label, body = body_of(payload)
            if label == b"cs":
                return self._compare(int(body))
            if not label:
                self._take(header, body)
        except UNREADABLE:
            self._sides = None  # its changes are unknown
        return None

    def state(self) -> bytes:
        """The state to continue from; b"" if there is no book."""
        if self._sides is None:
            return b""
        bids, asks = self._sides
        return msgspec.json.encode(_State(bids.best(), asks.best()))

    def _take(self, header: Data, body: bytes) -> None:
        if header.is_snapshot:
            self._sides = _Side(-1), _Side(1)
        if self._sides is None:
            return
        for level in _levels(body) if header.is_snapshot else [_level(body)]:
            price, amount = bytes(level.price).decode(), bytes(level.amount).decode()
            side = self._sides[1] if float(amount) < 0 else self._sides[0]
            side.set(float(price), f"{price}:{amount}" if level.count else None)

    def _compare(self, checksum: int) -> bool | None:
        if self._sides is None:
            return None
        bids, asks = (side.best(_CHECKED) for side in self._sides)
        texts: list[str] = []
        for place in range(_CHECKED):
            texts += bids[place : place + 1] + asks[place : place + 1]
        right = zlib.crc32(":".join(texts).encode()) == checksum & 0xFFFFFFFF
        if not right:
            self._sides = None
        return right
