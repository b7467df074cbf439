from __future__ import annotations

from daedalus.exchanges.model import RestLimit
from daedalus.ingest.rest.budget import RestBudget

LIMIT = RestLimit(weight_per_minute=1000, used_header="X-Used")


def test_requests_within_half_of_the_budget_need_not_wait() -> None:
    pacer = RestBudget(LIMIT)
    for _ in range(2):
        assert pacer.delay(250, now=0) == 0
        pacer.spend(250, now=0)
    assert pacer.delay(250, now=10) == 50
    assert pacer.delay(250, now=60) == 0


def test_only_as_much_as_is_needed_must_leave_the_minute() -> None:
    pacer = RestBudget(LIMIT)
    pacer.spend(250, now=0)
    pacer.spend(250, now=20)
    assert pacer.delay(250, now=30) == 30
    assert pacer.delay(500, now=30) == 50


def test_where_the_exchange_minds_seconds_requests_keep_their_distance() -> None:
    pacer = RestBudget(RestLimit(weight_per_minute=1000, interval_seconds=0.5))
    assert pacer.delay(1, now=0) == 0
    pacer.spend(1, now=0)
    assert pacer.delay(1, now=0.125) == 0.375
    assert pacer.delay(1, now=0.5) == 0


def test_a_exchange_that_counts_others_requests_too_is_believed() -> None:
    pacer = RestBudget(LIMIT)
    pacer.exchange_says(499, now=0)
    assert pacer.delay(1, now=0) == 0
    pacer.exchange_says(800, now=0)
    assert pacer.delay(1, now=0) == 60
