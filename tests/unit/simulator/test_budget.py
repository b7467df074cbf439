"""The REST weight of a minute."""

from __future__ import annotations

from daedalus.simulator.budget import WeightBudget

MINUTE = 60 * 10**9


def test_too_much_weight_must_wait_for_the_next_minute() -> None:
    budget = WeightBudget(500)
    assert budget.spend(250, 10 * MINUTE) is None
    assert budget.spend(250, 10 * MINUTE + 1) is None
    assert budget.spend(1, 10 * MINUTE + 45 * 10**9) == 15
    assert budget.used == 501
    assert budget.spend(250, 11 * MINUTE) is None
    assert budget.used == 250
