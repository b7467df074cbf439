"""A market without memory: step k is a function of the seed and of k alone.

Steps are events on one clock, ``rate`` per second since a fixed moment; each belongs to one instrument.
Therefore a restarted simulator goes on with higher ids, and REST can serve whatever was streamed.

An instrument counts its own steps; that count is its book's update id. A step is one of three things: a
book diff, which covers all updates since the last diff; a quote; or a taker's order, which trades at the
touch in one to three fills and so takes as many trade ids.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from enum import Enum
from itertools import accumulate
from math import ceil

from msgspec import Struct, structs

from .book import Book
from .instruments import Instrument
from .noise import mix

__all__ = ["EPOCH_NS", "FLOOD_RATE", "Fill", "Happening", "Market", "Mixture", "Order", "Step"]

EPOCH_NS = 1_577_836_800 * 10**9
"""The default time of step 0: 2020-01-01 UTC, in ns."""

FLOOD_RATE = 1_000_000
"""Steps per second by which a market without pace is numbered: more than any machine sends."""

_FILLS = (1, 1, 2, 1, 1, 1, 3, 1, 1, 1)  # trades per order, in turn
_BEFORE = tuple(accumulate(_FILLS, initial=0))  # trades before each order of such a turn
_SLOW = 10  # a slow diff covers as many fast ones


class Happening(Enum):
    """What a step is."""

    DIFF = "diff"
    QUOTE = "quote"
    ORDER = "order"


class Mixture(Struct, frozen=True):
    """Seconds between two diffs of a book; among the other steps, one in ``orders_in`` trades."""

    diff_seconds: float
    orders_in: int


class Fill(Struct, frozen=True, gc=False):
    """One trade: its id, and its amount in lots."""

    id: int
    amount: int


class Order(Struct, frozen=True):
    """A taker's order, which trades at one price. Order ids are consecutive, and so are trade ids.

    ``price`` in ticks, ``amount`` in lots, ``first``..``last`` the ids of its trades. A fault may leave
    out some ``fills``, or the whole order (``told`` is then False); the other numbers do not change.
    """

    id: int
    buy: bool
    price: int
    amount: int
    first: int
    last: int
    time_ns: int
    update: int
    fills: tuple[Fill, ...]
    told: bool = True


class Step(Struct, frozen=True, gc=False):
    """One event: the instrument (by its place), the book's update id, the time (UTC ns) and what it is."""

    place: int
    update: int
    time_ns: int
    happening: Happening
    order: Order | None = None

    def with_order(self, order: Order) -> Step:
        """The same step with another version of its order."""
        return structs.replace(self, order=order)


class Market:
    """All instruments of a simulated exchange.

    ``rate`` is steps per second over all instruments, 0 for a market without pace.
    ``depth`` is the number of price levels on each side of a book.
    """

    def __init__(
        self,
        instruments: Sequence[Instrument],
        mixture: Mixture,
        *,
        seed: int = 1,
        rate: float = 100.0,
        depth: int = 500,
        epoch_ns: int = EPOCH_NS,
    ) -> None:
        self.instruments = tuple(instruments)
        self._epoch_ns = epoch_ns
        self._rate_milli = round((rate or FLOOD_RATE) * 1000)
        self._orders_in = mixture.orders_in
        between_diffs = rate / len(self.instruments) * mixture.diff_seconds
        self.diff_every = max(2, ceil(round(between_diffs, 6)))
        self._keys = tuple(mix(seed, zlib.crc32(each.symbol.encode())) for each in self.instruments)
        # instruments start at distant numbers, so that ids of two are never confused
        self._starts = tuple(10**9 + key % 10**9 for key in self._keys)
        self.books = tuple(
            Book(key, each, depth) for key, each in zip(self._keys, self.instruments, strict=True)
        )

    def step_at(self, time_ns: int) -> int:
        """The last step that has happened at a time (UTC ns)."""
        return max(0, (time_ns - self._epoch_ns) * self._rate_milli // 10**12)

    def time_of(self, step: int) -> int:
        """When a step happens, UTC ns."""
        return self._epoch_ns - (-step * 10**12 // self._rate_milli)

    def step(self, number: int) -> Step:
        """What happens at a step."""
        count, place = divmod(number, len(self.instruments))
        update = self._starts[place] + count
        turn, rest = divmod(update, self.diff_every)
        time_ns = self.time_of(number)
        if rest == 0:
            return Step(place, update, time_ns, Happening.DIFF)
        number_of_order, waiting = divmod(turn * (self.diff_every - 1) + rest, self._orders_in)
        if waiting:
            return Step(place, update, time_ns, Happening.QUOTE)
        return Step(place, update, time_ns, Happening.ORDER, self.order(place, number_of_order))

    def update_at(self, place: int, step: int) -> int:
        """The last update id of an instrument after a step of the market."""
        return self._starts[place] + (step - place) // len(self.instruments)

    def diff_covers(self, update: int, *, slow: bool = False) -> int | None:
        """The first update that a diff at ``update`` covers; None if no diff is due there."""
        length = self.diff_every * (_SLOW if slow else 1)
        return None if update % length else update - length + 1

    def order(self, place: int, number: int) -> Order:
        """The order with an id. It trades at the touch of the book before its update."""
        turn, rest = divmod(number * self._orders_in - 1, self.diff_every - 1)
        update = turn * self.diff_every + rest + 1
        chance = mix(self._keys[place] + 7, number)
        buy = chance & 1 == 0
        top = self.books[place].top(update - 1)
        price, there = (top.ask, top.ask_amount) if buy else (top.bid, top.bid_amount)
        count = _FILLS[number % len(_FILLS)]
        whole = count + (chance >> 1) % (there - count)
        first = self.first_fill(number)
        fills = tuple(
            Fill(first + part, whole // count + (1 if part < whole % count else 0)) for part in range(count)
        )
        step = (update - self._starts[place]) * len(self.instruments) + place
        last = first + count - 1
        return Order(number, buy, price, whole, first, last, self.time_of(step), update, fills)

    def first_fill(self, number: int) -> int:
        """The id of an order's first trade."""
        turns, rest = divmod(number, len(_FILLS))
        return turns * _BEFORE[-1] + _BEFORE[rest]

    def order_of_fill(self, trade: int) -> int:
        """The id of the order that a trade belongs to."""
        turns, rest = divmod(trade, _BEFORE[-1])
        return turns * len(_FILLS) + next(place for place, end in enumerate(_BEFORE[1:]) if rest < end)

    def first_order(self, place: int) -> int:
        """The id of an instrument's first order."""
        return self.order_before(self._starts[place]) + 1

    def last_order(self, place: int, step: int) -> int:
        """The id of an instrument's last order after a step of the market."""
        return self.order_before(self.update_at(place, step) + 1)

    def order_before(self, update: int) -> int:
        """The id of the last order before an update of its instrument."""
        turn, rest = divmod(update - 1, self.diff_every)
        return (turn * (self.diff_every - 1) + rest) // self._orders_in
