"""When connections stood."""

from __future__ import annotations

from daedalus.lake.connections import Event, outages

A, B, C = "p1-0", "p1-1", "p2-0"


def events(*given: tuple[int, str, bool]) -> list[Event]:
    return [Event(*each) for each in given]


def test_an_outage_lies_between_the_last_end_and_the_next_begin() -> None:
    assert outages(events((0, A, True), (10, A, False), (15, B, True))) == [(10, 14)]


def test_while_another_connection_stands_there_is_none() -> None:
    assert not outages(events((0, A, True), (5, B, True), (10, A, False), (15, A, True)))


def test_a_connection_of_a_process_that_was_killed_stands_no_more_at_the_next_start() -> None:
    assert outages(events((0, A, True), (100, C, True), (110, C, False), (120, C, True))) == [(110, 119)]


def test_a_second_recorder_s_connections_count_as_long_as_it_lives() -> None:
    both = events((0, A, True), (5, C, True), (10, C, False), (20, C, True), (30, A, False))
    assert not outages(both)
