"""What two connections brought is there once; what a venue said twice is there twice."""

from __future__ import annotations

import msgspec

from daedalus.normalize.recent import REMEMBERED, WINDOW_NS, Contents, ContentState, Recent, RecentState

SECOND = 1_000_000_000


def kept(contents: Contents, *said: tuple[str, str]) -> list[tuple[str, str]]:
    """Those of (connection, content), a millisecond apart, that are not duplicates."""
    return [
        (conn, content)
        for at, (conn, content) in enumerate(said)
        if not contents.elsewhere("S", content.encode(), conn, at * 1_000_000)
    ]


def test_what_the_other_connection_has_brought_is_a_duplicate() -> None:
    assert kept(Contents([]), ("A", "x"), ("B", "x"), ("B", "y"), ("A", "y")) == [("A", "x"), ("B", "y")]


def test_a_venue_that_repeats_itself_is_believed_on_both_connections() -> None:
    assert kept(Contents([]), ("A", "x"), ("A", "x"), ("B", "x"), ("B", "x")) == [("A", "x"), ("A", "x")]


def test_a_repetition_that_one_connection_has_lost_is_kept_from_the_other() -> None:
    assert kept(Contents([]), ("A", "x"), ("B", "x"), ("B", "x")) == [("A", "x"), ("B", "x")]


def test_a_value_that_returns_later_is_news() -> None:
    contents = Contents([])
    assert not contents.elsewhere("S", b"x", "A", 0)
    assert not contents.elsewhere("S", b"x", "B", WINDOW_NS + 1)


def test_what_is_remembered_goes_on_in_the_next_segment() -> None:
    contents, recent = Contents([]), Recent([])
    contents.elsewhere("S", b"x", "A", 0)
    recent.again("S", "7")
    carried = msgspec.json.decode(msgspec.json.encode(contents.state()), type=list[ContentState])
    assert Contents(carried).elsewhere("S", b"x", "B", SECOND)
    ids = msgspec.json.decode(msgspec.json.encode(recent.state()), type=list[RecentState])
    assert Recent(ids).again("S", "7")


def test_an_id_that_says_something_else_is_another_one_where_that_can_be_compared() -> None:
    recent = Recent([])
    assert [recent.again("S", "7", content) for content in (1, 1, 2, 2, None)] == [
        False,
        True,
        False,
        True,
        True,
    ]
    again = Recent(msgspec.json.decode(msgspec.json.encode(recent.state()), type=list[RecentState]))
    assert not again.again("S", "7", 3)
    before = Recent([RecentState("S", Recent.state(recent)[0].keys)])  # as it was written without contents
    assert before.again("S", "7", 3)


def test_only_so_much_is_remembered() -> None:
    recent = Recent([])
    for number in range(REMEMBERED + 1):
        assert not recent.again("S", str(number))
    assert recent.again("S", str(REMEMBERED))
    assert not recent.again("S", "0")
