"""Gaps wait in bounded memory, and none is dropped."""

from __future__ import annotations

import pytest

from daedalus.exchanges.model import Missing
from daedalus.ingest.gaps import queue as waiting_module
from daedalus.ingest.gaps.queue import GapQueue

A = ("trade", "A")


def gap(first: int, last: int, symbol: str = "A") -> Missing:
    return Missing("trade", symbol, first, last, first, last + 1)


def test_the_oldest_come_first_and_each_stream_by_itself() -> None:
    waiting = GapQueue()
    for each in (gap(1, 2), gap(9, 9, "B"), gap(5, 5), gap(8, 8)):
        assert waiting.add(each)
    assert waiting.take(A, 2) == [gap(1, 2), gap(5, 5)]
    assert waiting.take(A, 2) == [gap(8, 8)]
    assert waiting.take(A, 2) == []
    assert len(waiting) == 1


def test_beyond_the_bound_gaps_are_joined_and_no_id_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "MAX_WAITING", 10)
    waiting = GapQueue()
    for number in range(0, 1000, 2):
        assert waiting.add(gap(number, number))
    assert len(waiting) == 10
    taken = waiting.take(A, 1000)
    assert taken[-1] == Missing("trade", "A", 18, 998, 18, 999)
    covered = {number for each in taken for number in range(each.first or 0, (each.last or 0) + 1)}
    assert covered >= set(range(0, 1000, 2))
    assert len(waiting) == 0


def test_a_stream_that_had_no_gap_has_room_beyond_the_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "MAX_WAITING", 2)
    waiting = GapQueue()
    for number in range(10):
        waiting.add(gap(number, number))
    assert waiting.add(gap(5, 5, "B"))
    assert waiting.take(("trade", "B"), 5) == [gap(5, 5, "B")]


def test_gaps_by_time_are_joined_to_a_longer_time_and_never_to_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "MAX_WAITING", 1)
    waiting = GapQueue()
    waiting.add(Missing("trade", "A", None, None, 5, 9))
    waiting.add(Missing("trade", "A", None, None, 1, 3))
    waiting.add(gap(1, 1))
    assert waiting.take(A, 5) == [Missing("trade", "A", None, None, 1, 9), gap(1, 1)]


def test_more_streams_than_anybody_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting_module, "MAX_STREAMS", 2)
    waiting = GapQueue()
    assert waiting.add(gap(1, 1, "A"))
    assert waiting.add(gap(1, 1, "B"))
    assert not waiting.add(gap(1, 1, "C"))
    assert waiting.add(gap(3, 3, "A"))
