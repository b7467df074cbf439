"""Kraken's books at each depth: changes and checksums.

Source: docs.kraken.com, guides/websockets/book-checksum-v2. Quantities have eight places, prices those of
the pair, and no zero is left out. A level that drops out of the depth is not deleted; one that comes back
into it is sent again.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from functools import lru_cache

from ...book import Levels
from ...market import Market
from ...notation import Notation

__all__ = ["AMOUNT_PLACES", "DEPTHS", "KrakenBooks"]

DEPTHS = (10, 25, 100, 500, 1000)
AMOUNT_PLACES = 8
_CHECKED = 10


class KrakenBooks:
    """Writes the books of all pairs of a market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self.notations = tuple(
            Notation(each, each.price_digits, AMOUNT_PLACES) for each in market.instruments
        )
        self._best = lru_cache(maxsize=256)(self._levels)

    def snapshot(self, place: int, update: int, depth: int) -> str:
        """The sides and the checksum of a book after an update, as JSON fields."""
        return self._fields(place, update, self._best(place, update, depth))

    def changes(self, place: int, first: int, last: int, depth: int) -> str | None:
        """The same for the changes of updates ``first``..``last``; None if nothing changed."""
        before, after = self._best(place, first - 1, depth), self._best(place, last, depth)
        sides = tuple(
            _changed(old, new, depth, highest_first=side == 0)
            for side, (old, new) in enumerate(zip(before, after, strict=True))
        )
        return self._fields(place, last, (sides[0], sides[1])) if any(sides) else None

    def checksum(self, place: int, update: int) -> int:
        """The CRC-32 of the ten best asks and bids, as digits without points and without zeros in front."""
        notation = self.notations[place]
        bids, asks = self._best(place, update, _CHECKED)
        text = "".join(
            number.replace(".", "").lstrip("0")
            for price, amount in (*asks, *bids)
            for number in (notation.price(price), notation.amount(amount))
        )
        return zlib.crc32(text.encode())

    def _levels(self, place: int, update: int, depth: int) -> tuple[Levels, Levels]:
        return self._market.books[place].levels(update, depth)

    def _fields(self, place: int, update: int, sides: tuple[Levels, Levels]) -> str:
        bids, asks = (self._side(place, side) for side in sides)
        return f'"bids":[{bids}],"asks":[{asks}],"checksum":{self.checksum(place, update)}'

    def _side(self, place: int, levels: Levels) -> str:
        notation = self.notations[place]
        return ",".join(
            f'{{"price":{notation.price(price)},"qty":{notation.amount(amount)}}}' for price, amount in levels
        )


def _changed(old: Levels, new: Levels, depth: int, *, highest_first: bool) -> Levels:
    before, after = dict(old), dict(new)
    gone = [price for price in before if price not in after and _inside(price, new, depth, highest_first)]
    told = [(price, amount) for price, amount in new if before.get(price) != amount]
    return [(price, 0) for price in gone] + told


def _inside(price: int, levels: Sequence[tuple[int, int]], depth: int, highest_first: bool) -> bool:
    """Whether a price is within a side's depth; what is behind it is forgotten."""
    if len(levels) < depth:
        return True
    worst = levels[-1][0]
    return price > worst if highest_first else price < worst
