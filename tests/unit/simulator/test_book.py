"""The book: what its diffs build is what it is, at every update."""

from __future__ import annotations

import pytest

from daedalus.simulator.book import Book, Levels
from daedalus.simulator.instruments import instrument

START = 23_495_437_471


def book(depth: int = 80, key: int = 5) -> Book:
    return Book(key, instrument("BTCUSDT", "BTC", "USDT"), depth)


class Rebuilt:
    """A book as a client keeps it: a snapshot, and then absolute amounts by price."""

    def __init__(self, snapshot: tuple[Levels, Levels]) -> None:
        self.sides = tuple(dict(levels) for levels in snapshot)

    def apply(self, changes: tuple[Levels, Levels]) -> None:
        for side, levels in zip(self.sides, changes, strict=True):
            for price, amount in levels:
                if amount:
                    side[price] = amount
                else:
                    side.pop(price, None)

    @property
    def levels(self) -> tuple[Levels, Levels]:
        bids, asks = self.sides
        return sorted(bids.items(), reverse=True), sorted(asks.items())


@pytest.mark.parametrize("depth", [1, 16, 17, 80, 500])
def test_the_book_from_single_changes_is_the_book_itself_after_every_update(depth: int) -> None:
    subject = book(depth)
    rebuilt = Rebuilt(subject.levels(START))
    middles = set()
    for update in range(START + 1, START + 1500):
        rebuilt.apply(subject.changes(update, update))
        assert rebuilt.levels == subject.levels(update)
        middles.add(subject.middle(update))
    assert len(middles) > 10


@pytest.mark.parametrize("length", [2, 7, 50, 500])
def test_the_book_from_diffs_over_many_updates_is_the_book_itself(length: int) -> None:
    subject = book()
    rebuilt = Rebuilt(subject.levels(START))
    for first in range(START + 1, START + 40 * length, length):
        rebuilt.apply(subject.changes(first, first + length - 1))
        assert rebuilt.levels == subject.levels(first + length - 1)


def test_a_diff_that_began_before_the_snapshot_still_leads_to_the_book() -> None:
    subject = book()
    for late in range(20):
        rebuilt = Rebuilt(subject.levels(START + late))
        rebuilt.apply(subject.changes(START - 10, START + 20))
        assert rebuilt.levels == subject.levels(START + 20)


def test_the_best_bid_is_below_the_best_ask_and_both_are_there() -> None:
    subject = book()
    for update in range(START, START + 2000):
        bids, asks = subject.levels(update, 1)
        top = subject.top(update)
        assert [(top.bid, top.bid_amount)] == bids
        assert [(top.ask, top.ask_amount)] == asks
        assert top.bid < top.ask


def test_each_diff_changes_something() -> None:
    subject = book()
    assert all(any(subject.changes(update, update)) for update in range(START, START + 500))
