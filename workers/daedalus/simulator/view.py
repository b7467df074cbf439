"""A book limited to its best levels, for exchanges that stream several depths."""

from __future__ import annotations

from functools import lru_cache

from .book import Book, Levels

__all__ = ["View"]


class View:
    """The best ``depth`` levels per side of a book.

    More changes within them than in the book: where a level is removed, the next one moves into view;
    where one is added, the last one drops out.
    """

    def __init__(self, book: Book, depth: int) -> None:
        self._book = book
        self._depth = depth
        self.levels = lru_cache(maxsize=4)(self._levels)
        """The bids and asks after an update, the best first."""

    def changes(self, before: int, after: int) -> tuple[Levels, Levels]:
        """The changes of the view from one update to another: amounts, 0 for a level that is gone."""
        bids, asks = (_changed(*sides) for sides in zip(self.levels(before), self.levels(after), strict=True))
        return sorted(bids, reverse=True), sorted(asks)

    def _levels(self, update: int) -> tuple[Levels, Levels]:
        return self._book.levels(update, self._depth)


def _changed(before: Levels, after: Levels) -> Levels:
    gone = dict(before)
    changed = [(price, amount) for price, amount in after if gone.pop(price, None) != amount]
    return changed + [(price, 0) for price in gone]
