from __future__ import annotations

from daedalus.exchanges.model import Ids
from daedalus.ingest.session.book_sync import BookSync


def test_a_snapshot_inside_the_stream_makes_a_book() -> None:
    books = BookSync()
    books.begin("BTCUSDT")
    assert not books.delta("BTCUSDT", Ids(100, 105))
    assert not books.snapshot("BTCUSDT", 110)
    assert not books.unsynced


def test_a_snapshot_that_just_touches_the_first_delta_is_new_enough() -> None:
    books = BookSync()
    books.begin("BTCUSDT")
    books.delta("BTCUSDT", Ids(100, 105))
    assert not books.snapshot("BTCUSDT", 99)
    assert not books.unsynced


def test_a_snapshot_older_than_the_stream_is_fetched_again() -> None:
    books = BookSync()
    books.begin("BTCUSDT")
    books.delta("BTCUSDT", Ids(100, 105))
    assert books.snapshot("BTCUSDT", 98)
    assert books.unsynced == {"BTCUSDT"}
    assert not books.snapshot("BTCUSDT", 107)
    assert not books.unsynced


def test_a_snapshot_before_the_first_delta_is_judged_when_the_delta_comes() -> None:
    books = BookSync()
    books.begin("A")
    assert not books.snapshot("A", 50)
    assert not books.delta("A", Ids(51, 52))
    assert not books.unsynced
    books.begin("A")
    assert not books.snapshot("A", 50)
    assert books.delta("A", Ids(60, 61))
    assert books.unsynced == {"A"}


def test_after_a_gap_the_book_is_void_until_the_next_snapshot() -> None:
    books = BookSync()
    books.begin("A")
    books.delta("A", Ids(1, 2))
    books.snapshot("A", 2)
    books.begin("A")
    books.delta("A", Ids(10, 12))
    assert books.snapshot("A", 2)
    assert not books.snapshot("A", 9)


def test_a_snapshot_that_nobody_waits_for_changes_nothing() -> None:
    assert not BookSync().snapshot("A", 5)
