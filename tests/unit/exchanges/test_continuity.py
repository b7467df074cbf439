from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.continuity import Continuity, IdGap, Observation
from daedalus.exchanges.model import Announcement, Channel, Data, Heartbeat, Ids, Proof
from daedalus.exchanges.stream_state import MAX_GAPS, StreamState

CHANNELS = {
    "trade": Channel(table="trades", proof=Proof.IDS),
    "quote": Channel(table="quotes"),
    "heartbeat": Channel(table=None),
}
SECOND = 1_000_000_000


def message(first: int, last: int | None = None, previous: int | None = None, at: int = 0) -> Data:
    ids = Ids(first, first if last is None else last, previous)
    return Data("trade", "A", ids, at * SECOND + 1)


def heartbeat(last: int) -> Heartbeat:
    return Heartbeat("heartbeat", "A", announces=Announcement("trade", last))


def observe(continuity: Continuity, *headers: Data | Heartbeat) -> list[Observation]:
    return [
        continuity.observe(header, number)
        if isinstance(header, Data)
        else continuity.announced("trade", "A", header.announces.last, number)
        for number, header in enumerate(headers)
    ]


def duplicates(observed: Sequence[Observation]) -> list[bool]:
    return [one.duplicate for one in observed]


def gaps(observed: Sequence[Observation]) -> list[tuple[int, int, int | None]]:
    return [(one.gap.from_id, one.gap.to_id, one.gap.missing) for one in observed if one.gap]


def test_consecutive_ids_are_whole() -> None:
    observed = observe(Continuity(CHANNELS), message(5), message(6), message(7, 9), message(10))
    assert observed == [Observation()] * 4


def test_a_jump_is_a_gap_of_exact_size() -> None:
    observed = observe(Continuity(CHANNELS), message(5), message(9, 12))
    assert observed[1].gap == IdGap("trade", "A", 5, 9, 3, from_ns=0, to_ns=1)


def test_a_repeated_message_is_a_duplicate_and_an_overlapping_one_is_not() -> None:
    observed = observe(Continuity(CHANNELS), message(5, 8), message(7, 8), message(8, 10), message(5, 8))
    assert duplicates(observed) == [False, True, False, True]
    assert gaps(observed) == []


def test_late_messages_fill_the_gap_they_lie_in_once() -> None:
    continuity = Continuity(CHANNELS)
    observed = observe(
        continuity, message(1), message(10), message(4, 5), message(4, 5), message(9), message(2)
    )
    assert duplicates(observed) == [False, False, False, True, False, False]
    assert continuity.open_gaps("trade", "A") == [(3, 3), (6, 8)]


def test_what_is_older_than_all_is_not_a_duplicate_the_first_time() -> None:
    observed = observe(
        Continuity(CHANNELS), message(100), message(50), message(50), message(70), message(100)
    )
    assert duplicates(observed) == [False, False, True, False, True]
    assert gaps(observed) == []


def test_what_is_partly_older_than_all_is_new() -> None:
    assert duplicates(observe(Continuity(CHANNELS), message(100, 110), message(90, 105))) == [False, False]


def test_linked_messages_need_the_one_they_name() -> None:
    continuity = Continuity(CHANNELS)
    observed = observe(
        continuity,
        message(10, 12, previous=3),
        message(40, 41, previous=12),
        message(90, 95, previous=60),
        message(50, 60, previous=41),
        message(50, 60, previous=41),
        message(99, 99, previous=95),
    )
    assert gaps(observed) == [(41, 90, None)]
    assert duplicates(observed) == [False, False, False, False, True, False]


def test_the_first_of_linked_messages_is_a_duplicate_when_it_comes_again() -> None:
    observed = observe(Continuity(CHANNELS), message(10, 12, previous=7), message(10, 12, previous=7))
    assert duplicates(observed) == [False, True]


def test_ids_that_went_back_while_time_went_on_are_a_new_count() -> None:
    continuity = Continuity(CHANNELS)
    observed = observe(continuity, message(900), message(1, at=61), message(2, at=61), message(2, at=61))
    assert observed[1].reset
    assert gaps(observed) == [(900, 1, None)]
    assert duplicates(observed) == [False, False, False, True]


def test_a_duplicate_of_the_same_minute_is_no_new_count() -> None:
    observed = observe(Continuity(CHANNELS), message(900), message(899, at=60), message(900, at=60))
    assert not any(one.reset for one in observed)
    assert observed[2].duplicate


def test_a_heartbeat_that_overtakes_its_message_proves_nothing_yet() -> None:
    assert gaps(observe(Continuity(CHANNELS), message(5), heartbeat(6), message(6), heartbeat(6))) == []


def test_a_message_that_two_heartbeats_waited_for_is_missing() -> None:
    continuity = Continuity(CHANNELS)
    observed = observe(continuity, message(5), heartbeat(7), heartbeat(7), heartbeat(7), message(8))
    assert gaps(observed) == [(5, 8, 2)]
    assert observed[2].gap
    late = observe(continuity, message(6), message(6))
    assert duplicates(late) == [False, True]


def test_heartbeats_before_the_first_message_prove_nothing() -> None:
    observed = observe(Continuity(CHANNELS), heartbeat(6), heartbeat(9), message(9))
    assert observed == [Observation()] * 3


def test_ids_that_may_skip_only_tell_duplicates() -> None:
    def quote(number: int) -> Data:
        return Data("quote", "A", Ids(number, number))

    observed = observe(Continuity(CHANNELS), quote(5), quote(9), quote(7), quote(9), quote(5), quote(20))
    assert duplicates(observed) == [False, False, False, True, True, False]
    assert gaps(observed) == []


def test_streams_do_not_disturb_each_other_and_messages_without_ids_are_new() -> None:
    continuity = Continuity(CHANNELS)
    other = Data("trade", "B", Ids(5, 5))
    assert observe(continuity, message(900), other, Data("quote", "A")) == [Observation()] * 3


def test_the_gaps_remembered_are_bounded_and_every_missing_id_still_counts_as_missing() -> None:
    continuity = Continuity(CHANNELS)
    last = 2 * (MAX_GAPS + 101)
    observe(continuity, *[message(number) for number in range(0, last + 1, 2)])
    assert MAX_GAPS * 0.9 < len(continuity.open_gaps("trade", "A")) <= MAX_GAPS
    assert all(continuity.missing("trade", "A", number) for number in range(1, last, 2))
    assert not continuity.observe(message(3), 0).duplicate
    assert continuity.observe(message(last - 2), 0).duplicate


def test_an_id_is_missing_where_the_stream_went_beyond_it_or_nothing_of_it_is_known() -> None:
    continuity = Continuity(CHANNELS)
    observe(continuity, message(5), message(9))
    told = {number: continuity.missing("trade", "A", number) for number in (4, 5, 6, 8, 9, 10)}
    assert told == {4: True, 5: False, 6: True, 8: True, 9: False, 10: False}
    assert continuity.missing("trade", "B", 1)
    assert continuity.count_missing("trade", "A", 3, 12) == 2 + 3 + 3
    assert continuity.count_missing("trade", "B", 3, 12) == 10
    continuity.fill("trade", "A", 2, 7)
    assert continuity.open_gaps("trade", "A") == [(8, 8)]
    assert continuity.open_gaps("trade", "A", 9) == []
    assert continuity.open_gaps("trade", "A", 1, 8) == [(8, 8)]


def test_gaps_are_looked_up_and_filled_in_the_time_of_a_few_whatever_their_number() -> None:
    continuity = Continuity(CHANNELS)
    count = MAX_GAPS // 2
    observe(continuity, *[message(2 * number) for number in range(count + 1)])
    begin = time.process_time()
    for number in range(1, 2 * count, 2):
        assert continuity.missing("trade", "A", number)
    for first in range(0, 2 * count, 1000):
        continuity.fill("trade", "A", first, first + 999)
    assert continuity.open_gaps("trade", "A") == []
    assert time.process_time() - begin < 5.0  # a walk over all of them for each took minutes


def test_a_time_that_is_hours_off_does_not_make_the_numbers_start_anew() -> None:
    continuity = Continuity(CHANNELS)
    hours = 5 * 3600
    observed = observe(
        continuity,
        message(1, at=10), message(2, at=11), message(3, at=11 + hours), message(2, at=11),
        message(1, at=10 + hours),
        message(4, at=12), message(5, at=-hours), message(4, at=12), message(6, at=13), message(3, at=13),
    )  # fmt: skip
    assert not any(one.reset or one.gap for one in observed)
    assert duplicates(observed) == [False, False, False, True, True, False, False, True, False, True]


def test_times_that_are_all_off_by_the_same_still_tell_a_new_count() -> None:
    continuity = Continuity(CHANNELS)
    day = 86_400
    continuity.observe(message(900, at=day), 0)
    assert continuity.observe(message(1, at=day + 61), 61 * SECOND).reset


def test_what_was_missing_by_the_old_numbers_is_told_with_the_new_count() -> None:
    observed = observe(Continuity(CHANNELS), message(1), message(5), message(1, at=61))
    assert (observed[2].reset, observed[2].dropped) == (True, ((2, 4),))


def test_a_range_from_before_the_first_id_fills_the_gaps_behind_it_too() -> None:
    continuity = Continuity(CHANNELS)
    observed = observe(continuity, message(1), message(3), message(0, 2), message(0, 2))
    assert duplicates(observed) == [False, False, False, True]
    assert continuity.open_gaps("trade", "A") == []


@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 4)), max_size=60),
    st.integers(0, 60),
)
def test_an_id_is_new_exactly_once_and_the_state_survives_json(
    ranges: list[tuple[int, int]], cut: int
) -> None:
    continuity = Continuity(CHANNELS)
    seen: set[int] = set()
    for position, (first, length) in enumerate(ranges):
        if position == cut:
            encoded = msgspec.json.encode(continuity.state())
            continuity = Continuity(CHANNELS, msgspec.json.decode(encoded, type=list[StreamState]))
        ids = set(range(first, first + length + 1))
        observed = continuity.observe(message(first, first + length), position)
        assert observed.duplicate == (ids <= seen)
        seen |= ids
    missing = set(range(min(seen, default=0), max(seen, default=0))) - seen
    remembered = continuity.open_gaps("trade", "A")
    assert {number for first, last in remembered for number in range(first, last + 1)} == missing


@pytest.mark.parametrize("removed", [range(3, 4), range(10, 15), range(1, 2)])
def test_what_was_removed_is_exactly_the_gap(removed: range) -> None:
    kept = [message(number) for number in range(30) if number not in removed]
    assert gaps(observe(Continuity(CHANNELS), *kept)) == [(removed.start - 1, removed.stop, len(removed))]
