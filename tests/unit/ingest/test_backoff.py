from __future__ import annotations

import random

from daedalus.ingest.backoff import Backoff


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


def test_a_exchange_that_drops_every_connection_is_not_hammered() -> None:
    backoff = Backoff(jitter=random.Random(2))
    delays = [backoff.next_delay(lived_seconds=1) for _ in range(60)]
    within_five_minutes = next(count for count in range(60) if sum(delays[:count]) > 300)
    assert within_five_minutes < 20  # Binance bans at 300
