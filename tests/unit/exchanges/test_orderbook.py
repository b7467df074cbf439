"""A book is what its snapshot and the updates after it say, and is believed only while nothing is missing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.orderbook import Book
from daedalus.tables.rows import BookUpdate


def snapshot(last: int | None, *bids: tuple[float, float]) -> BookUpdate:
    return BookUpdate("A", None, True, list(bids), [(100.0, 1.0)], last, last)


def update(first: int | None, last: int | None, *bids: tuple[float, float]) -> BookUpdate:
    return BookUpdate("A", None, False, list(bids), [], first, last)


def test_updates_before_the_snapshot_wait_for_it() -> None:
    book = Book()
    for number in (4, 5, 6):
        book.apply(update(number, number, (number, 1.0)))
    assert not book.synced
    book.apply(snapshot(5, (1.0, 2.0)))
    assert book.synced
    assert (book.bids, book.last_id) == ({1.0: 2.0, 6.0: 1.0}, 6)


def test_a_snapshot_older_than_the_first_known_update_begins_nothing() -> None:
    book = Book()
    book.apply(update(9, 10, (1.0, 1.0)))
    book.apply(snapshot(5))
    assert not book.synced


def test_a_snapshot_that_comes_late_changes_nothing() -> None:
    book = Book()
    book.apply(snapshot(5, (1.0, 2.0)))
    book.apply(update(6, 6, (3.0, 1.0)))
    book.apply(snapshot(5, (1.0, 2.0)))
    assert (book.bids, book.last_id) == ({1.0: 2.0, 3.0: 1.0}, 6)


def test_after_a_gap_nothing_is_believed_until_the_next_snapshot() -> None:
    book = Book()
    book.apply(snapshot(5, (1.0, 2.0)))
    book.void()
    book.apply(update(9, 9, (3.0, 1.0)))
    assert not book.synced
    book.apply(snapshot(9, (4.0, 1.0)))
    assert (book.synced, book.bids) == (True, {4.0: 1.0})


def test_an_amount_of_zero_removes_a_level_and_twice_does_no_harm() -> None:
    book = Book()
    book.apply(snapshot(None, (1.0, 2.0), (2.0, 1.0)))
    for _ in range(2):
        book.apply(update(None, None, (2.0, 0.0)))
    assert book.bids == {1.0: 2.0}
    assert book.top() == ((1.0, 2.0), (100.0, 1.0))


def test_levels_that_fall_out_of_the_depth_are_gone() -> None:
    book = Book(depth=2)
    book.apply(snapshot(None, (1.0, 1.0), (2.0, 1.0)))
    book.apply(update(None, None, (3.0, 1.0)))
    assert book.bids == {2.0: 1.0, 3.0: 1.0}
    book.apply(update(None, None, (3.0, 0.0)))
    assert book.bids == {2.0: 1.0}


levels = st.dictionaries(st.floats(0.01, 1e6), st.floats(0.01, 1e6), max_size=20)


@given(levels, levels, st.none() | st.integers(0, 2**40))
def test_a_packed_book_is_the_same_book(
    bids: dict[float, float], asks: dict[float, float], last: int | None
) -> None:
    book = Book()
    book.apply(BookUpdate("A", None, True, list(bids.items()), list(asks.items()), last, last))
    again = Book.unpack(book.pack())
    assert (again.bids, again.asks, again.last_id, again.synced) == (bids, asks, last, True)
    assert again.digest() == book.digest()


def test_other_bytes_are_no_book() -> None:
    with pytest.raises(ValueError, match="not a packed book"):
        Book.unpack(b"whatever")


def test_the_digest_does_not_depend_on_the_order_of_the_updates() -> None:
    one, other = Book(), Book()
    one.apply(snapshot(5, (1.0, 2.0), (2.0, 3.0)))
    other.apply(snapshot(5, (2.0, 3.0), (1.0, 2.0)))
    assert one.digest() == other.digest()
    other.apply(update(6, 6, (2.0, 4.0)))
    assert one.digest() != other.digest()


def test_an_update_that_names_the_snapshot_as_the_one_before_continues_it_whatever_ids_are_skipped() -> None:
    linked = BookUpdate("A", None, False, [(2.0, 1.0)], [], 150, 160, 100)
    book = Book()
    book.apply(linked)
    book.apply(snapshot(100, (1.0, 2.0)))
    assert (book.synced, book.bids, book.last_id) == (True, {1.0: 2.0, 2.0: 1.0}, 160)
    too_old = Book()
    too_old.apply(linked)
    too_old.apply(snapshot(99, (1.0, 2.0)))
    assert not too_old.synced


def test_a_snapshot_without_levels_empties_the_book() -> None:
    book = Book()
    book.apply(snapshot(5, (1.0, 2.0)))
    book.apply(BookUpdate("A", None, True, [], [], 6, 6))
    assert (book.synced, book.levels(), book.digest()) == (True, ([], []), Book().digest())
    assert Book.unpack(book.pack()).synced
