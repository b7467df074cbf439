"""Binance.US: what differs from Binance spot."""

from __future__ import annotations

import json

import pytest

from daedalus.simulator.exchanges.binance.exchange import BinanceUs
from daedalus.simulator.market import Market
from daedalus.simulator.protocol import HttpRequest, Session

START = 5 * 10**9


@pytest.fixture
def exchange() -> BinanceUs:
    instruments = [BinanceUs.instrument(symbol) for symbol in BinanceUs.usual_symbols]
    return BinanceUs(Market(instruments, BinanceUs.mixture, rate=40, depth=100))


def test_times_are_milliseconds_whatever_is_asked_for(exchange: BinanceUs) -> None:
    session = exchange.connect("/ws/btcusd@trade?timeUnit=MICROSECOND")
    assert isinstance(session, Session)
    audience = {name: {form: True} for name, form in session.streams.items()}
    steps = map(exchange._market.step, range(START, START + 200))
    trades = [json.loads(text) for step in steps for _, _, text in exchange.publish(step, audience)]
    assert trades
    assert all(10**12 < each["T"] < 10**13 for each in trades)


def test_its_budget_is_its_own(exchange: BinanceUs) -> None:
    request = HttpRequest.parse("/api/v3/depth?symbol=BTCUSD&limit=5000")
    answers = [exchange.rest(request, START, 10**18) for _ in range(25)]
    assert [answer.status for answer in answers] == [200] * 24 + [429]
    assert answers[0].headers["X-MBX-USED-WEIGHT-1M"] == "50"


def test_it_ends_connections_without_a_notice(exchange: BinanceUs) -> None:
    assert exchange.farewell() is None
