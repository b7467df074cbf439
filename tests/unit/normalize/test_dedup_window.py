"""A message of two connections counts once; one that the exchange repeats counts twice."""

from __future__ import annotations

import msgspec

from daedalus.normalize.dedup_window import (
    REMEMBERED,
    WINDOW_NS,
    SeenContent,
    SeenContentState,
    SeenIds,
    SeenIdsState,
)

SECOND = 1_000_000_000


def kept(contents: SeenContent, *said: tuple[str, str]) -> list[tuple[str, str]]:
    """The (connection, content) pairs, a millisecond apart, that are not duplicates."""
    return [
        (conn, content)
        for at, (conn, content) in enumerate(said)
        if not contents.seen("S", content.encode(), conn, at * 1_000_000)
    ]


def test_what_the_other_connection_has_brought_is_a_duplicate() -> None:
    assert kept(SeenContent([]), ("A", "x"), ("B", "x"), ("B", "y"), ("A", "y")) == [("A", "x"), ("B", "y")]


def test_a_exchange_that_repeats_itself_is_believed_on_both_connections() -> None:
    assert kept(SeenContent([]), ("A", "x"), ("A", "x"), ("B", "x"), ("B", "x")) == [("A", "x"), ("A", "x")]


def test_a_repetition_that_one_connection_has_lost_is_kept_from_the_other() -> None:
    assert kept(SeenContent([]), ("A", "x"), ("B", "x"), ("B", "x")) == [("A", "x"), ("B", "x")]


def test_a_value_that_returns_later_is_news() -> None:
    contents = SeenContent([])
    assert not contents.seen("S", b"x", "A", 0)
    assert not contents.seen("S", b"x", "B", WINDOW_NS + 1)


def test_what_is_remembered_goes_on_in_the_next_segment() -> None:
    contents, ids = SeenContent([]), SeenIds([])
    contents.seen("S", b"x", "A", 0)
    ids.seen("S", "7")
    carried = msgspec.json.decode(msgspec.json.encode(contents.state()), type=list[SeenContentState])
    assert SeenContent(carried).seen("S", b"x", "B", SECOND)
    carried_ids = msgspec.json.decode(msgspec.json.encode(ids.state()), type=list[SeenIdsState])
    assert SeenIds(carried_ids).seen("S", "7")


def test_an_id_that_says_something_else_is_another_one_where_that_can_be_compared() -> None:
    ids = SeenIds([])
    assert [ids.seen("S", "7", content) for content in (1, 1, 2, 2, None)] == [
        False,
        True,
        False,
        True,
        True,
    ]
    again = SeenIds(msgspec.json.decode(msgspec.json.encode(ids.state()), type=list[SeenIdsState]))
    assert not again.seen("S", "7", 3)
    before = SeenIds([SeenIdsState("S", SeenIds.state(ids)[0].keys)])  # as it was written without contents
    assert before.seen("S", "7", 3)


def test_only_so_much_is_remembered() -> None:
    ids = SeenIds([])
    for number in range(REMEMBERED + 1):
        assert not ids.seen("S", str(number))
    assert ids.seen("S", str(REMEMBERED))
    assert not ids.seen("S", "0")
