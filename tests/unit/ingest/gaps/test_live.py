"""A gap counts when no connection can fill it any more; the cost per gap does not grow with their number."""

from __future__ import annotations

import time

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.continuity import Continuity, IdGap
from daedalus.exchanges.model import Data, Header, Ids, Missing
from daedalus.ingest.counters import Counters
from daedalus.ingest.gaps import live as gaps_module
from daedalus.ingest.gaps.live import LiveGaps

EXCHANGE = EXCHANGES["binance"]


def trade(first: int, last: int) -> Header:
    return Data("trade", "A", Ids(first, last))


def nothing(channel: str, symbol: str) -> None:
    pass


class Seen:
    """Trades that come over two connections, and what is asked for."""

    def __init__(self) -> None:
        self.continuity = Continuity(EXCHANGE.channels)
        self.counters = Counters()
        self.asked: list[Missing] = []
        self.gaps = LiveGaps(EXCHANGE, self.continuity, self.counters, self.asked.append)

    def comes(self, first: int, last: int, *, alone: bool = False) -> IdGap | None:
        gap = self.continuity.observe(trade(first, last), first).gap
        if gap is not None:
            self.gaps.seen(gap, nothing, alone=alone)
        return gap

    def decided(self) -> list[tuple[int | None, int | None]]:
        self.gaps.decide(time.monotonic() + 60)
        return [(each.first, each.last) for each in self.asked]


def test_a_gap_of_one_connection_is_asked_for_at_once() -> None:
    seen = Seen()
    seen.comes(1, 1)
    seen.comes(5, 5, alone=True)
    assert [(each.first, each.last) for each in seen.asked] == [(2, 4)]
    assert (seen.counters.gaps, seen.counters.missing) == (1, 3)


def test_what_another_connection_brings_in_time_is_no_gap() -> None:
    seen = Seen()
    for first, last in ((1, 1), (5, 5), (2, 4)):
        seen.comes(first, last)
    assert seen.decided() == []
    assert seen.counters.gaps == 0


def test_of_a_gap_that_is_filled_in_part_the_rest_is_asked_for() -> None:
    seen = Seen()
    for first, last in ((1, 1), (11, 11), (2, 4)):
        seen.comes(first, last)
    assert seen.decided() == [(5, 10)]
    assert seen.counters.missing == 6


def test_beyond_the_bound_the_oldest_are_judged_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gaps_module, "MAX_WAITING", 10)
    seen = Seen()
    for number in range(1, 100, 2):
        seen.comes(number, number)
    assert len(seen.asked) == 39
    assert len(seen.decided()) == 49


def test_judging_many_gaps_holds_up_nothing() -> None:
    seen = Seen()
    for number in range(1, 20_000, 2):
        seen.comes(number, number)
    began = time.process_time()
    assert len(seen.decided()) == 9_999
    assert time.process_time() - began < 2
