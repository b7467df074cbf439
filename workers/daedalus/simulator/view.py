"""A book cut to its best levels, as exchanges stream it that offer several depths."""

from __future__ import annotations

from functools import lru_cache

from daedalus.simulator.book import Book, Levels

__all__ = ["View"]


class View:
    """The best ``depth`` levels on each side of a book.

    What changes within them is not only what changes in the book: where a level goes, one from behind
    comes into view, and where one comes, the last goes out of it.
    """

    def __init__(self, book: Book, depth: int) -> None:
        self._book = book
        self._depth = depth
        self.levels = lru_cache(maxsize=4)(self._levels)
        """The bids and asks after an update, the best first."""

    def changes(self, before: int, after: int) -> tuple[Levels, Levels]:
        """What leads from the view after one update to that after another: amounts, 0 where one is gone."""
        bids, asks = (_changed(*sides) for sides in zip(self.levels(before), self.levels(after), strict=True))
        return sorted(bids, reverse=True), sorted(asks)

    def _levels(self, update: int) -> tuple[Levels, Levels]:
        return self._book.levels(update, self._depth)


def _changed(before: Levels, after: Levels) -> Levels:
    gone = dict(before)
    changed = [(price, amount) for price, amount in after if gone.pop(price, None) != amount]
    return changed + [(price, 0) for price in gone]
