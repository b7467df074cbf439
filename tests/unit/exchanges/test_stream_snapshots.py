"""Whole books that come on the stream: what they prove of what lies before them."""

from __future__ import annotations

from daedalus.exchanges.continuity import Continuity, IdGap, Observation
from daedalus.exchanges.model import Channel, Data, Ids, Proof

CHANNELS = {
    "counted": Channel("book_updates", Proof.IDS, "stream"),
    "linked": Channel("book_updates", Proof.CHAIN, "stream"),
}


def snapshot(channel: str, number: int, at: int = 0) -> Data:
    return Data(channel, "A", Ids(number, number), exchange_ns=at or None, is_snapshot=True)


def update(channel: str, last: int, previous: int | None = None, at: int = 0) -> Data:
    return Data(channel, "A", Ids(last, last, previous), exchange_ns=at or None)


def seen(*headers: Data) -> list[Observation]:
    continuity = Continuity(CHANNELS)
    return [continuity.observe(header, at) for at, header in enumerate(headers)]


def test_a_snapshot_in_its_turn_leaves_no_gap() -> None:
    news = [Observation()] * 4
    assert (
        seen(*(snapshot("counted", 7), update("counted", 8), snapshot("counted", 9), update("counted", 10)))
        == news
    )
    assert (
        seen(*(snapshot("linked", 7), update("linked", 9, 7), snapshot("linked", 9), update("linked", 12, 9)))
        == news
    )


def test_what_a_later_snapshot_stands_for_has_not_come() -> None:
    assert seen(snapshot("counted", 7), snapshot("counted", 12))[1].gap == IdGap(
        "counted", "A", 7, 12, 4, 0, 1
    )
    assert seen(snapshot("linked", 7), snapshot("linked", 12))[1].gap == IdGap(
        "linked", "A", 7, 12, None, 0, 1
    )


def test_another_connection_may_bring_it_after_all() -> None:
    continuity = Continuity(CHANNELS)
    for at, header in enumerate((snapshot("linked", 7), snapshot("linked", 12), update("linked", 9, 7))):
        continuity.observe(header, at)
    assert continuity.open_gaps("linked", "A") == [(10, 12)]
    continuity.observe(update("linked", 12, 9), 3)
    assert continuity.open_gaps("linked", "A") == []


def test_a_snapshot_of_a_connection_that_is_behind_proves_nothing() -> None:
    assert seen(snapshot("counted", 7, at=50), snapshot("counted", 5, at=40))[1] == Observation()


def test_a_smaller_number_at_a_later_time_is_a_new_count() -> None:
    observed = seen(snapshot("counted", 7, at=50), snapshot("counted", 1, at=60), update("counted", 2, at=61))
    assert observed[1].reset
    assert observed[2] == Observation()


def test_a_link_to_a_smaller_number_is_a_new_count_without_a_gap() -> None:
    observed = seen(snapshot("linked", 700), update("linked", 3, 700), update("linked", 9, 3))
    assert observed[1:] == [Observation(reset=True), Observation()]


def test_on_one_connection_a_link_that_points_behind_the_last_message_is_a_break() -> None:
    continuity = Continuity(CHANNELS)
    headers = [snapshot("linked", 100), update("linked", 130, 120), update("linked", 200, 110)]
    observed = [continuity.observe(header, at, "a") for at, header in enumerate(headers)]
    assert [one.gap and (one.gap.from_id, one.gap.to_id) for one in observed] == [
        None,
        (100, 130),
        (130, 200),
    ]
    assert continuity.open_gaps("linked", "A") == [(101, 120), (131, 199)]


def test_on_two_connections_it_is_an_overlap() -> None:
    continuity = Continuity(CHANNELS)
    continuity.observe(snapshot("linked", 100), 0, "a")
    continuity.observe(update("linked", 130, 100), 1, "a")
    assert continuity.observe(update("linked", 200, 110), 2, "b") == Observation()


def test_a_link_to_nothing_behind_a_known_book_is_a_new_count_and_a_gap() -> None:
    for conns in ("aaa", "aab"):
        continuity = Continuity(CHANNELS)
        headers = [snapshot("linked", 100), update("linked", 130, 100), update("linked", 200, 0)]
        observed = [
            continuity.observe(header, at, conn)
            for at, (header, conn) in enumerate(zip(headers, conns, strict=True))
        ]
        assert observed[2].reset
        assert observed[2].gap
        assert continuity.open_gaps("linked", "A") == []


def test_a_link_to_nothing_is_the_beginning_of_a_new_book_and_no_break() -> None:
    assert seen(update("linked", 1, 0), update("linked", 5, 1)) == [Observation()] * 2


def test_on_one_connection_a_book_that_counts_backwards_starts_anew_within_the_minute() -> None:
    continuity = Continuity(CHANNELS)
    headers = [update("counted", 70, at=50), update("counted", 71, at=51), update("counted", 3, at=52)]
    observed = [continuity.observe(header, at, "a") for at, header in enumerate(headers)]
    assert [one.reset for one in observed] == [False, False, True]
    assert observed[2].gap


def test_a_book_that_says_the_same_again_does_not() -> None:
    continuity = Continuity(CHANNELS)
    headers = [update("counted", 70, at=50), update("counted", 71, at=51), update("counted", 70, at=50)]
    observed = [continuity.observe(header, at, "a") for at, header in enumerate(headers)]
    assert observed[2] == Observation(duplicate=True)
