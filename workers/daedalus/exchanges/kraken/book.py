"""Kraken's book in the exchange's own digits, compared with its checksums.

Source: docs.kraken.com, guides/websockets/book-checksum-v2. The CRC-32 covers the best ten asks, then the
best ten bids: the digits of price and quantity, without the point and leading zeros. All levels of a message
are applied first, then each side is cut to the subscribed depth.

Digits count: ``0.10000000`` is not ``0.1``. So prices and quantities are kept as integers of the smallest
unit, and the number of decimal places must be known. Kraken writes all places, so the longest number seen
gives it; if zeros were dropped, the checksum of the first book would.
"""

from __future__ import annotations

import zlib
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec
from msgspec import Raw, Struct

from ..model import Data
from ..reading import UNREADABLE

__all__ = ["KrakenBook"]

_CHECKED = 10
_MOST_PLACES = 12
_ENOUGH = 10
"""So many numbers of equal length are no accident: if zeros were dropped, the chance is one in 10**10."""


class _Level(Struct, gc=False):
    price: Raw
    qty: Raw


class _Item(Struct, gc=False):
    symbol: str
    bids: list[_Level]
    asks: list[_Level]
    checksum: int


class _Message(Struct, gc=False):
    type: str
    data: list[_Item]


class _State(Struct):
    """``known_by``: how the number of places is known, "checksum" or "text"; "" if it is not.

    Levels are (price, quantity) in units of ``places``, the best first.
    """

    depth: int
    known_by: str
    places: tuple[int, int]
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


_message = msgspec.json.Decoder(_Message).decode
_state = msgspec.json.Decoder(_State).decode


class _Side:
    """One side: ``keys`` ascending from the best (bids are negative), ``amounts`` by key."""

    def __init__(self, sign: int, levels: Iterable[tuple[int, int]] = ()) -> None:
        self.sign = sign
        self.amounts = {sign * price: amount for price, amount in levels}
        self.keys = sorted(self.amounts)

    def set(self, price: int, amount: int) -> None:
        key = self.sign * price
        if key not in self.amounts:
            if amount:
                self.keys.insert(bisect_left(self.keys, key), key)
                self.amounts[key] = amount
        elif amount:
            self.amounts[key] = amount
        else:
            del self.keys[bisect_left(self.keys, key)]
            del self.amounts[key]

    def cut(self, depth: int) -> None:
        for key in self.keys[depth:]:
            del self.amounts[key]
        del self.keys[depth:]

    def levels(self, count: int | None = None) -> list[tuple[int, int]]:
        return [(self.sign * key, self.amounts[key]) for key in self.keys[:count]]

    def scale(self, price_factor: int, amount_factor: int) -> None:
        self.amounts = {key * price_factor: amount * amount_factor for key, amount in self.amounts.items()}
        self.keys = [key * price_factor for key in self.keys]


class KrakenBook:
    """The book of one symbol, subscribed to ``depth`` levels: a `BookCheck`.

    Nothing is compared before the first snapshot, nor between a wrong checksum and the next snapshot. A
    checksum does not show a missing level below the best ten, nor one that the next message sets again.
    """

    def __init__(self, symbol: str, depth: int, state: bytes | None = None) -> None:
        self._symbol = symbol
        self._depth = depth
        self._known_by = ""
        self._places = (0, 0)
        self._bids: _Side | None = None
        self._asks: _Side | None = None
        if state:
            told = _state(state)
            self._depth, self._known_by, self._places = told.depth, told.known_by, told.places
            self._bids, self._asks = _Side(-1, told.bids), _Side(1, told.asks)

    def apply(self, header: Data, payload: bytes) -> bool | None:
        """Take a message; return whether its checksum matches, None if there is nothing to compare."""
        try:
            message = _message(payload)
            answers = [
                self._take(item, is_snapshot=message.type == "snapshot")
                for item in message.data
                if item.symbol == self._symbol
            ]
        except (*UNREADABLE, ArithmeticError):
            self._void()  # its changes are unknown
            return None
        if not answers or None in answers:
            return None
        return all(answers)

    def state(self) -> bytes:
        """The state to continue from; b"" if there is no book."""
        if self._bids is None or self._asks is None:
            return b""
        levels = self._bids.levels(), self._asks.levels()
        return msgspec.json.encode(_State(self._depth, self._known_by, self._places, *levels))

    def _void(self) -> None:
        self._bids = self._asks = None

    def _take(self, item: _Item, *, is_snapshot: bool) -> bool | None:
        sides = [_numbers(item.bids), _numbers(item.asks)]
        if is_snapshot:
            self._bids, self._asks = _Side(-1), _Side(1)
            self._known_by, self._places = "", (0, 0)
        if self._bids is None or self._asks is None:
            return None
        levels = [level for side in sides for level in side]
        self._widen(levels)
        for side, changes in zip((self._bids, self._asks), sides, strict=True):
            for price, amount in changes:
                side.set(_units(price, self._places[0]), _units(amount, self._places[1]))
            side.cut(self._depth)
        right = self._compare(item.checksum)
        if right is None and is_snapshot and _same_length(levels):
            self._known_by, right = "text", False
        if right is False:
            self._void()
        return right

    def _widen(self, levels: Sequence[tuple[bytes, bytes]]) -> None:
        """Rescale if a number has more places than any before."""
        price_places, amount_places = self._places
        for price, amount in levels:
            price_places = max(price_places, _places(price))
            amount_places = max(amount_places, _places(amount))
        if max(price_places, amount_places) > _MOST_PLACES:
            raise ValueError(f"{self._symbol}: a number with more than {_MOST_PLACES} places")
        if (price_places, amount_places) != self._places:
            self._rescale(price_places, amount_places)

    def _rescale(self, price_places: int, amount_places: int) -> None:
        assert self._bids is not None
        assert self._asks is not None
        factors = 10 ** (price_places - self._places[0]), 10 ** (amount_places - self._places[1])
        self._bids.scale(*factors)
        self._asks.scale(*factors)
        self._places = price_places, amount_places

    def _compare(self, checksum: int) -> bool | None:
        assert self._bids is not None
        assert self._asks is not None
        best = [*self._asks.levels(_CHECKED), *self._bids.levels(_CHECKED)]
        if _crc(best, 1, 1) == checksum:
            if best:
                self._known_by = "checksum"
            return True
        if self._known_by:
            return False
        for more_price in range(_MOST_PLACES - self._places[0] + 1):
            for more_amount in range(_MOST_PLACES - self._places[1] + 1):
                if best and _crc(best, 10**more_price, 10**more_amount) == checksum:
                    self._rescale(self._places[0] + more_price, self._places[1] + more_amount)
                    self._known_by = "checksum"
                    return True
        return None


def _crc(levels: Iterable[tuple[int, int]], price_factor: int, amount_factor: int) -> int:
    digits = "".join(f"{price * price_factor}{amount * amount_factor}" for price, amount in levels)
    return zlib.crc32(digits.encode())


def _numbers(levels: Iterable[_Level]) -> list[tuple[bytes, bytes]]:
    return [(_plain(level.price), _plain(level.qty)) for level in levels]


def _plain(number: Raw) -> bytes:
    """A number as written, without exponent. Raises `ValueError` or `ArithmeticError` for anything else."""
    text = bytes(number)
    if text.strip(b".0123456789"):
        decimal = Decimal(text.decode())
        # Small ones may be written 1E-8. Huge exponents are refused, so that they are never written out.
        if decimal.is_signed() or not -_MOST_PLACES <= decimal.adjusted() <= _MOST_PLACES:
            raise ValueError(f"not an amount: {text[:40]!r}")
        text = f"{decimal:f}".encode()
    return text


def _places(number: bytes) -> int:
    return len(number.partition(b".")[2])


def _units(number: bytes, places: int) -> int:
    whole, _, fraction = number.partition(b".")
    units: int = int(whole + fraction) * 10 ** (places - len(fraction))
    return units


def _same_length(levels: Sequence[tuple[bytes, bytes]]) -> bool:
    """Whether trailing zeros seem to be written: enough numbers, all with the same places."""
    lengths = {(_places(price), _places(amount)) for price, amount in levels}
    return len(levels) >= _ENOUGH and len(lengths) == 1
