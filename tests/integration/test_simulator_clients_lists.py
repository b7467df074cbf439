"""The list of instruments of every simulated exchange, as our exchange files read it: the market's own."""

from __future__ import annotations

import pytest
from support.simulated_exchange import listed

from daedalus.simulator import EXCHANGES, Simulator, SimulatorOptions

pytestmark = pytest.mark.integration

SYMBOLS = {"okx": ("BTC-USDT", "BTC-USDT-SWAP"), "hyperliquid": ("BTC", "PURR/USDC")}
TYPES = {
    "binance_delivery": ["perpetual", "future"],
    "binance_futures": ["perpetual", "perpetual"],
    "bitfinex": ["spot", "perpetual"],
    "bybit": ["perpetual", "perpetual"],
    "deribit": ["perpetual", "perpetual"],
    "hyperliquid": ["perpetual", "spot"],
    "okx": ["spot", "perpetual"],
}
COINS = {"bitfinex": [("BTC", "USD"), ("BTCF0", "USTF0")]}
"""Where the exchange has names of its own for them."""

WITHOUT_TICKS = ("bitfinex", "gemini", "hyperliquid")


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_our_list_of_instruments_is_the_markets(exchange: str) -> None:
    simulator = Simulator(SimulatorOptions(exchange=exchange, symbols=SYMBOLS.get(exchange, ())))
    found = listed(simulator)
    tick = None if exchange in WITHOUT_TICKS else 0.01
    assert [(each.symbol, each.tick, each.active) for each in found] == [
        (each.symbol, tick, True) for each in simulator.market.instruments
    ]
    coins = [(each.base, each.quote) for each in simulator.market.instruments]
    assert [(each.base, each.quote) for each in found] == COINS.get(exchange, coins)
    assert [each.type for each in found] == TYPES.get(exchange, ["spot", "spot"])


def test_the_size_of_a_contract_is_listed_where_trades_are_counted_in_contracts() -> None:
    simulator = Simulator(SimulatorOptions(exchange="okx", symbols=SYMBOLS["okx"]))
    assert [each.contract_size for each in listed(simulator)] == [None, 1.0]
