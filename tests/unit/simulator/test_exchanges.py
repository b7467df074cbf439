"""Invalid options are refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest

from daedalus.simulator import EXCHANGES, SimulatorError, SimulatorOptions
from daedalus.simulator.exchanges import market_of


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"exchange": "mtgox"}, "not simulated. Choose one of: binance, "),
        ({"exchange": "binance", "symbols": ("btcusdt",)}, "binance spells symbols like BTCUSDT"),
        ({"exchange": "coinbase_exchange", "symbols": ("BTCUSD",)}, "spells products like BTC-USD"),
        ({"exchange": "binance", "symbols": ("BTCUSDT", "BTCUSDT")}, "named twice"),
        ({"exchange": "binance", "rate": -1.0}, "--rate -1.0"),
    ],
)
def test_options_that_make_no_market_are_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SimulatorError, match=says):
        market_of(SimulatorOptions(**options))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_exchange_without_options_has_its_usual_symbols(exchange: str) -> None:
    market = market_of(SimulatorOptions(exchange=exchange))
    assert tuple(each.symbol for each in market.instruments) == EXCHANGES[exchange].usual_symbols


def test_symbols_are_split_into_base_and_quote() -> None:
    split = {
        name: (each.base, each.quote)
        for name in ("BTCUSDT", "LRCBTC", "RUNEEUR", "ABCXYZ")
        for each in market_of(SimulatorOptions(exchange="binance", symbols=(name,))).instruments
    }
    assert split == {
        "BTCUSDT": ("BTC", "USDT"),
        "LRCBTC": ("LRC", "BTC"),
        "RUNEEUR": ("RUNE", "EUR"),
        "ABCXYZ": ("ABC", "XYZ"),
    }
