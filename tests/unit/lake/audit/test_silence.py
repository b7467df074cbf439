"""Which silence of a channel has no written reason."""

from __future__ import annotations

from daedalus.lake.audit.silence import silences


def test_a_silence_is_one_only_while_others_speak() -> None:
    assert silences([(0, 10), (60, 70)], [(0, 70)], 300, []) == [(11, 59)]
    assert not silences([(0, 10), (60, 70)], [(0, 15), (55, 70)], 300, [])


def test_a_channel_may_be_silent_for_some_time() -> None:
    assert not silences([(0, 10), (20, 70)], [(0, 70)], 300, [])


def test_what_is_written_down_explains_a_silence() -> None:
    assert not silences([(0, 10), (60, 70)], [(0, 70)], 300, [(12, 12)])


def test_the_hour_that_is_being_written_counts_for_nothing() -> None:
    assert not silences([(0, 59)], [(0, 110)], 300, [])
    assert silences([(0, 59)], [(0, 135)], 300, []) == [(60, 119)]
