"""A limit order book in closed form: its state after update n is a function of n alone.

Levels near the touch are renewed in turn every 32 updates, those further away every few hundred. All of them
move with the middle price, a random walk. Therefore
- the book after any update is computed without replaying the updates before it;
- so is the change between two updates, which leads from the first state to the second;
- the best bid is always below the best ask, and both sides always have levels.
"""

from __future__ import annotations

from msgspec import Struct

from .instruments import Instrument
from .noise import mix, walk

__all__ = ["Book", "Levels", "Top"]

Levels = list[tuple[int, int]]
"""Prices in ticks and amounts in lots, the best price first; an amount of 0 removes the level."""

_NEAR = 16  # levels per side that are renewed often
_NEAR_TURN = 5  # ... each once in 2**5 updates
_PACE = 4  # the middle price moves once in 2**4 updates
_REMEMBERED = 256
_STRIDE = 11  # odd, so that successive renewals hit distant levels


class Top(Struct, frozen=True, gc=False):
    """The touch of a book, in ticks and lots."""

    bid: int
    bid_amount: int
    ask: int
    ask_amount: int


class Book:
    """The book of one instrument with at most ``depth`` levels per side.

    Bids are the levels at or below the middle price, asks those above it.
    """

    def __init__(self, key: int, instrument: Instrument, depth: int) -> None:
        self._start = instrument.start_ticks
        self._usual = max(instrument.usual_lots, 64)
        self._depth = max(depth, _NEAR)
        self._far_turn = (2 * self._depth - 1).bit_length()
        self._walk_key, self._near_key, self._far_key = (mix(key, part) for part in (1, 2, 3))
        self._near_inverse = pow(_STRIDE, -1, 1 << _NEAR_TURN)
        self._far_inverse = pow(_STRIDE, -1, 1 << self._far_turn)
        self._middles: dict[int, int] = {}

    def middle(self, update: int) -> int:
        """The middle price after an update, in ticks: bids are at or below it, asks above it."""
        position = update >> _PACE
        middle = self._middles.get(position)
        if middle is None:
            if len(self._middles) >= _REMEMBERED:
                self._middles.clear()
            middle = self._middles[position] = self._start + walk(self._walk_key, position)
        return middle

    def amount(self, price: int, update: int) -> int:
        """The lots at a price after an update; 0: there is no level."""
        return self._amount(price, update, self.middle(update))

    def _amount(self, price: int, update: int, middle: int) -> int:
        away = price - middle
        if -_NEAR < away <= _NEAR:
            version = (update + price * _STRIDE) >> _NEAR_TURN
            chance = mix(self._near_key, price * 0x10001 + (version << 24))
            empty = chance & 7 == 0
        elif -self._depth < away <= self._depth:
            version = (update + price * _STRIDE) >> self._far_turn
            chance = mix(self._far_key, price * 0x10001 + (version << 24))
            empty = chance & 3 == 0
        else:
            return 0
        if empty and price & 3:  # every fourth level is always there, so that no side is ever empty
            return 0
        return 10 + ((self._usual * ((chance >> 8) & 1023)) >> (8 + ((chance >> 20) & 3)))

    def top(self, update: int) -> Top:
        """The best bid and the best ask after an update."""
        bid = middle = self.middle(update)
        ask = middle + 1
        while not (bid_amount := self._amount(bid, update, middle)):
            bid -= 1
        while not (ask_amount := self._amount(ask, update, middle)):
            ask += 1
        return Top(bid, bid_amount, ask, ask_amount)

    def levels(self, update: int, limit: int | None = None) -> tuple[Levels, Levels]:
        """The bids and asks after an update, the best first, at most ``limit`` per side."""
        middle = self.middle(update)
        sides = range(middle, middle - self._depth, -1), range(middle + 1, middle + self._depth + 1)
        bids, asks = (
            [(price, amount) for price in prices if (amount := self._amount(price, update, middle))]
            for prices in sides
        )
        return bids[:limit], asks[:limit]

    def changes(self, first: int, last: int) -> tuple[Levels, Levels]:
        """The levels that updates ``first``..``last`` changed, with their amounts after ``last``.

        Applied to the book after ``first - 1``, or after any update up to ``last``, they give the book
        after ``last``. A level that appeared and disappeared in between is removed as well.
        """
        middle = self.middle(last)
        touched, turned = self._touched(first, last)
        bids: Levels = []
        asks: Levels = []
        for price in sorted(touched):
            amount = self._amount(price, last, middle)
            here, there = (bids, asks) if price <= middle else (asks, bids)
            here.append((price, amount))
            if price in turned:
                there.append((price, 0))
        bids.reverse()
        return bids, asks

    def _touched(self, first: int, last: int) -> tuple[set[int], set[int]]:
        """The prices that may have changed, and those among them that changed sides."""
        touched: set[int] = set()
        turned: set[int] = set()
        previous = self.middle(first - 1)
        for update in range(first, last + 1):
            middle = self.middle(update)
            touched.add(_renewed(update, middle - _NEAR + 1, self._near_inverse, _NEAR_TURN))
            far = _renewed(update, middle - self._depth + 1, self._far_inverse, self._far_turn)
            if far <= middle + self._depth and not -_NEAR < far - middle <= _NEAR:
                touched.add(far)
            if middle != previous:
                low, high = sorted((previous, middle))
                turned.update(range(low + 1, high + 1))
                # those that moved towards the touch or away from it, appeared or disappeared
                for edge in (-_NEAR, _NEAR, -self._depth, self._depth):
                    touched.update(range(low + edge + 1, high + edge + 1))
                previous = middle
        return touched | turned, turned


def _renewed(update: int, lowest: int, inverse: int, turn: int) -> int:
    """The first price from ``lowest`` whose turn it is to be renewed at an update."""
    residue = (-update * inverse) & ((1 << turn) - 1)
    return lowest + ((residue - lowest) & ((1 << turn) - 1))
