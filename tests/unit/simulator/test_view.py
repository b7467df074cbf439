"""A book limited to its best levels: its changes lead from one view to the next."""

from __future__ import annotations

import pytest

from daedalus.simulator.book import Book
from daedalus.simulator.instruments import instrument
from daedalus.simulator.view import View


@pytest.mark.parametrize("depth", [1, 20, 400])
def test_changes_lead_from_one_view_to_the_next(depth: int) -> None:
    book = Book(7, instrument("BTCUSDT", "BTC", "USDT"), 100)
    view = View(book, depth)
    sides = [dict(side) for side in view.levels(1000)]
    for update in range(1000, 3000, 50):
        for side, changes in zip(sides, view.changes(update, update + 50), strict=True):
            for price, amount in changes:
                assert side.get(price, 0) != amount
                side[price] = amount
                if not amount:
                    del side[price]
        bids, asks = view.levels(update + 50)
        assert sides == [dict(bids), dict(asks)]
        assert (bids, asks) == book.levels(update + 50, depth)


def test_changes_are_sorted_from_the_touch_outwards() -> None:
    view = View(Book(7, instrument("BTCUSDT", "BTC", "USDT"), 100), 50)
    bids, asks = view.changes(1000, 1200)
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
