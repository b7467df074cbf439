from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from daedalus.worker.backoff import Backoff, backoff_delay


@given(st.integers(0, 10_000), st.integers())
def test_the_delay_grows_to_its_bound_and_is_never_below_half(failures: int, seed: int) -> None:
    bound = min(300.0, 2.0 ** min(failures - 1, 20)) if failures else 0.0
    delay = backoff_delay(failures, 1.0, 300.0, random.Random(seed))
    assert bound / 2 <= delay <= bound


def test_two_recorders_do_not_come_back_in_one_beat() -> None:
    delays = {backoff_delay(9, 1.0, 300.0, random.Random(seed)) for seed in range(20)}
    assert len(delays) == 20


def test_the_first_attempt_is_made_at_once() -> None:
    assert Backoff().next_delay() == 0.0


def test_delays_grow_to_the_cap_and_are_spread_at_random() -> None:
    delays = [(backoff := Backoff(base=1, cap=8, jitter=random.Random(1))).next_delay()]
    delays += [backoff.next_delay() for _ in range(7)]
    bounds = [0, 1, 2, 4, 8, 8, 8, 8]
    assert all(bound / 2 <= delay <= bound for delay, bound in zip(delays, bounds, strict=True))
    assert len(set(delays[4:])) > 1


def test_a_connection_that_held_is_replaced_at_once_again() -> None:
    backoff = Backoff(settled_seconds=30)
    for _ in range(5):
        backoff.next_delay()
    assert backoff.next_delay(lived_seconds=29) > 0
    assert backoff.next_delay(lived_seconds=31) == 0


def test_an_exchange_that_drops_every_connection_is_not_hammered() -> None:
    backoff = Backoff(jitter=random.Random(2))
    delays = [backoff.next_delay(lived_seconds=1) for _ in range(60)]
    within_five_minutes = next(count for count in range(60) if sum(delays[:count]) > 300)
    assert within_five_minutes < 20  # Binance bans at 300


def test_an_exchange_that_is_down_for_days_is_asked_to_the_end() -> None:
    backoff = Backoff(base=1.0, cap=60.0)
    assert all(backoff.next_delay() <= 60.0 for _ in range(2000))
