"""Noise: the same everywhere, and bounded."""

from __future__ import annotations

from itertools import pairwise

from daedalus.simulator.noise import REACH, mix, walk


def test_numbers_are_the_same_on_every_machine() -> None:
    assert mix(0, 1) == 0xE220A8397B1DCDAF  # the first number of splitmix64 with seed 0
    assert [walk(1, position) for position in (0, 1, 10**6, 10**9)] == [2074, 2066, 232, -1800]


def test_a_walk_moves_by_small_steps_and_stays_within_its_reach() -> None:
    places = [walk(9, position) for position in range(10**6, 10**6 + 5000)]
    assert max(abs(after - before) for before, after in pairwise(places)) <= 8
    assert len(set(places)) > 50
    assert all(abs(walk(9, position)) <= REACH for position in range(0, 2**40, 2**30 + 7))
