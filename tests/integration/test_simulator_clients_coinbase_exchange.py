"""What our exchange file asks the simulated Coinbase Exchange for over REST, and what it makes of it."""

from __future__ import annotations

import pytest

from daedalus.exchanges.coinbase_exchange.exchange import CoinbaseExchange
from daedalus.exchanges.model import Missing
from daedalus.simulator import Simulator, SimulatorOptions
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpRequest
from daedalus.tables.rows import Trade

pytestmark = pytest.mark.integration

EXCHANGE = CoinbaseExchange()
STEP = 10**9


def answer(simulator: Simulator, path: str) -> bytes:
    return simulator.protocol.rest(HttpRequest.parse(path), STEP, simulator.market.time_of(STEP)).body


def test_page_by_page_our_backfill_gives_the_trades_of_the_market_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="coinbase_exchange"))
    market = simulator.market
    newest = market.order(0, market.last_order(0, STEP)).last
    first, last = newest - 3000, newest - 500
    rows: list[Trade] = []
    while first + len(rows) <= last:
        request = EXCHANGE.backfill_request(Missing("matches", "BTC-USD", first + len(rows), last, 0, 1))
        assert request is not None
        body = answer(simulator, request.path)
        header = EXCHANGE.classify_backfill("matches", "BTC-USD", body)
        assert header.ids
        assert header.ids.first == first + len(rows)
        rows += [row for row in EXCHANGE.normalize_backfill(header, body) if isinstance(row, Trade)]
    assert [int(row.id) for row in rows] == list(range(first, last + 1))
    notation = Notation.short(market.instruments[0])
    for row in rows[::100]:
        order = market.order(0, market.order_of_fill(int(row.id)))
        fill = next(fill for fill in order.fills if fill.id == int(row.id))
        assert (row.side, row.price) == ("buy" if order.buy else "sell", float(notation.price(order.price)))
        assert row.amount == float(notation.amount(fill.amount))
        assert row.timestamp == order.time_ns // 1000 * 1000


def test_our_list_of_instruments_is_the_markets() -> None:
    simulator = Simulator(SimulatorOptions(exchange="coinbase_exchange"))
    (request,) = EXCHANGE.instruments_requests()
    found = EXCHANGE.instruments(answer(simulator, request.path))
    assert [(each.symbol, each.base, each.quote, each.type, each.active) for each in found] == [
        ("BTC-USD", "BTC", "USD", "spot", True),
        ("ETH-USD", "ETH", "USD", "spot", True),
    ]
