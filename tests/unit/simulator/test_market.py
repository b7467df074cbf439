"""The market: closed form, consecutive ids, books that agree with their diffs."""

from __future__ import annotations

from itertools import pairwise

import pytest

from daedalus.simulator.exchanges.binance.exchange import Binance
from daedalus.simulator.market import EPOCH_NS, Happening, Market, Mixture, Step

MIXTURE = Mixture(diff_seconds=0.1, orders_in=5)
START = 10**9


def market(*symbols: str, seed: int = 1, rate: float = 100.0, depth: int = 60) -> Market:
    names = symbols or ("BTCUSDT", "ETHUSDT", "LRCBTC")
    return Market([Binance.instrument(name) for name in names], MIXTURE, seed=seed, rate=rate, depth=depth)


def steps(of: Market, count: int, start: int = START) -> list[Step]:
    return [of.step(number) for number in range(start, start + count)]


def test_the_same_seed_gives_the_same_steps_and_another_seed_others() -> None:
    assert steps(market(), 300) == steps(market(), 300)
    assert steps(market(), 300) != steps(market(seed=2), 300)


def test_a_step_is_the_same_whatever_was_asked_before() -> None:
    forward, backward = market(), market()
    assert steps(forward, 200) == [backward.step(START + 199 - back) for back in range(200)][::-1]


@pytest.mark.parametrize("rate", [0, 0.5, 7, 100, 333, 20_000])
def test_ids_are_consecutive_and_agree_with_the_counts_in_closed_form(rate: float) -> None:
    subject = market(rate=rate)
    last: dict[tuple[int, str], int] = {}
    for number in range(START, START + 4000):
        step = subject.step(number)
        assert subject.update_at(step.place, number) == step.update
        assert last.setdefault((step.place, "update"), step.update - 1) + 1 == step.update
        last[step.place, "update"] = step.update
        order = step.order
        assert (order is not None) == (step.happening is Happening.ORDER)
        if order is None:
            continue
        assert order.id == last.get((step.place, "order"), order.id - 1) + 1
        assert order.first == last.get((step.place, "trade"), order.first - 1) + 1
        assert [fill.id for fill in order.fills] == list(range(order.first, order.last + 1))
        assert sum(fill.amount for fill in order.fills) == order.amount
        assert all(fill.amount > 0 for fill in order.fills)
        assert {subject.order_of_fill(fill.id) for fill in order.fills} == {order.id}
        assert subject.last_order(step.place, number) == order.id
        assert subject.order(step.place, order.id) == order
        assert order.time_ns == step.time_ns == subject.time_of(number)
        last[step.place, "order"], last[step.place, "trade"] = order.id, order.last
    assert any(kind == "order" for _, kind in last) or rate == 20_000


def test_the_step_of_a_time_has_happened_and_the_next_has_not() -> None:
    subject = market(rate=333)
    for number in (0, 1, 2, 10**6, 10**12 + 1):
        assert subject.step_at(subject.time_of(number)) == number
        assert subject.step_at(subject.time_of(number) - 1) == max(0, number - 1)
    assert subject.step_at(EPOCH_NS - 1) == 0


def test_trades_happen_at_the_touch_of_the_book_before_them() -> None:
    subject = market()
    for step in steps(subject, 3000):
        if step.order is not None:
            top = subject.books[step.place].top(step.update - 1)
            assert top.bid < top.ask
            assert step.order.price == (top.ask if step.order.buy else top.bid)
            assert step.order.amount <= (top.ask_amount if step.order.buy else top.bid_amount)


def test_at_twenty_steps_a_second_and_symbol_half_of_all_steps_are_diffs() -> None:
    names = [f"S{number}USDT" for number in range(10)]
    happenings = [step.happening for step in steps(market(*names, rate=200), 5000)]
    shares = {kind: happenings.count(kind) / len(happenings) for kind in Happening}
    assert shares == {Happening.DIFF: 0.5, Happening.QUOTE: 0.4, Happening.ORDER: 0.1}


def test_diffs_of_a_fast_market_are_a_tenth_of_a_second_apart() -> None:
    subject = market("BTCUSDT", rate=1000)
    times = [step.time_ns for step in steps(subject, 1000) if step.happening is Happening.DIFF]
    assert {later - earlier for earlier, later in pairwise(times)} == {100_000_000}
