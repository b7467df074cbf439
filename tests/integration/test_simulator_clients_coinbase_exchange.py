"""Our exchange file's REST requests to the simulated Coinbase Exchange, and its reading of the answers."""

from __future__ import annotations

import pytest
from support.simulated_exchange import backfilled, order_of, told, traded

from daedalus.exchanges.model import Missing
from daedalus.simulator import Simulator, SimulatorOptions
from daedalus.tables.rows import Trade

pytestmark = pytest.mark.integration

STEP = 10**9


def test_page_by_page_our_backfill_gives_the_trades_of_the_market_again() -> None:
    simulator = Simulator(SimulatorOptions(exchange="coinbase_exchange"))
    market = simulator.market
    newest = market.order(0, market.last_order(0, STEP)).last
    first, last = newest - 3000, newest - 500
    rows: list[Trade] = []
    while first + len(rows) <= last:
        header, found = backfilled(
            simulator, Missing("matches", "BTC-USD", first + len(rows), last, 0, 1), STEP
        )
        assert header.ids
        assert header.ids.first == first + len(rows)
        rows += [row for row in found if isinstance(row, Trade)]
    assert [int(row.id) for row in rows] == list(range(first, last + 1))
    for row in rows[::100]:
        assert told(row) == traded(simulator, int(row.id))
        assert row.timestamp == order_of(simulator, int(row.id)).time_ns // 1000 * 1000
