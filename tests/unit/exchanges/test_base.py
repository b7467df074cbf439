"""What all exchanges answer: what they do not speak is refused by its name, and what they speak is not."""

from __future__ import annotations

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data

REFUSED = {
    "binance": ["BTC-251226-100000-C", "BTCUSD_PERP", "BTCUSDT_260327"],
    "binance_us": ["BTC-251226-100000-P", "BTCUSD_PERP"],
    "binance_futures": ["BTC-251226-100000-C", "btcusd_perp", "ETHUSD_260327"],
    "binance_delivery": ["BTCUSDT", "BTCUSDT_260327", "BTC-251226-100000-C"],
    "bitfinex": ["fUSD", "fUST", "fBTC"],
    "bybit": ["BTC-28AUG26-70000-C", "BTC-28AUG26-70000-P-USDT", "BTC", "BTCUSD", "ETHUSDH26"],
    "bybit_spot": ["BTC-27DEC26", "BTC-28AUG26-70000-C"],
    "coinbase_exchange": ["BTC-PERP-INTX"],
    "hyperliquid": ["xyz:NVDA"],
    "kraken": ["PF_XBTUSD", "PI_XBTUSD", "FI_XBTUSD_260327"],
    "okx": ["BTC-USD-261225-92000-C", "btc-usd-261225-92000-p"],
}

RECORDED = {
    "binance": ["BTCUSDT", "1000SATSUSDT", "币安人生USDT"],
    "binance_us": ["BTCUSD"],
    "binance_futures": ["BTCUSDT", "BTCUSDT_260327", "ETHBTC", "币安人生USDT"],
    "binance_delivery": ["BTCUSD_PERP", "BTCUSD_260327"],
    "bitfinex": ["tBTCUSD", "btcusd", "tDOGE:USD", "tBTCF0:USTF0", "funusd", "tFUNUSD"],
    "bitstamp": ["btcusd", "btcusd-perp"],
    "bybit": ["BTCUSDT", "BTCPERP", "BTC-27DEC26", "BTCUSDT-27MAR26", "1000PEPEUSDT"],
    "bybit_spot": ["BTCUSDT", "USDTBRL", "AEUR"],
    "coinbase": ["BTC-USD", "BTC-PERP-INTX", "BIP-20DEC30-CDE"],
    "coinbase_exchange": ["BTC-USD"],
    "deribit": ["BTC-PERPETUAL", "BTC-27MAR26-100000-C", "BTC-FS-27MAR26_PERP", "BTC_USDC"],
    "gemini": ["btcusd", "btcgusdperp"],
    "hyperliquid": ["BTC", "kPEPE", "PURR/USDC", "@107"],
    "kraken": ["BTC/USD", "AAPLx/USD"],
    "okx": ["BTC-USDT", "BTC-USDT-SWAP", "BTC-USD-261225", "BTC-USD_UM-SWAP"],
}


@pytest.mark.parametrize(("name", "text"), [(name, each) for name in REFUSED for each in REFUSED[name]])
def test_what_an_exchange_does_not_speak_is_refused_by_name_with_what_to_write(name: str, text: str) -> None:
    symbol = EXCHANGES[name].symbol(text)
    why = EXCHANGES[name].refuses(symbol)
    assert why.startswith(f"{symbol} is ")
    assert "Write " in why


@pytest.mark.parametrize(("name", "text"), [(name, each) for name in RECORDED for each in RECORDED[name]])
def test_what_it_speaks_is_not_refused(name: str, text: str) -> None:
    assert EXCHANGES[name].refuses(EXCHANGES[name].symbol(text)) == ""


def test_every_exchange_is_asked() -> None:
    assert set(RECORDED) == set(EXCHANGES)


def test_a_header_is_of_each_of_its_symbols_once() -> None:
    others = tuple(Data("book", symbol) for symbol in ("B", "A", "B"))
    header = Data("book", "A", more=others)
    assert [part.symbol for part in header.by_symbol()] == ["A", "B"]
    assert list(others[0].by_symbol()) == [others[0]]
