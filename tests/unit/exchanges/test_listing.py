"""A list of instruments is read entry by entry, at every exchange."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES

BINANCE = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}
KRAKEN = {"base": "BTC", "quote": "USD", "wsname": "BTC/USD"}
OKX = {"instId": "BTC-USDT", "instType": "SPOT", "state": "live"}
BYBIT = {"symbol": "BTCUSDT", "status": "Trading"}
DERIBIT = {
    "instrument_name": "BTC-PERPETUAL",
    "kind": "future",
    "base_currency": "BTC",
    "quote_currency": "USD",
}
BITSTAMP = {"name": "BTC/USD", "market_symbol": "btcusd", "base_currency": "BTC", "counter_currency": "USD"}
EXCHANGE_COINBASE = {"id": "BTC-USD", "base_currency": "BTC", "quote_currency": "USD", "status": "online"}


def wrapped(exchange: str, entries: list[Any]) -> object:
    if exchange.startswith("binance"):
        return {"symbols": entries}
    if exchange.startswith("bybit"):
        return {"retCode": 0, "result": {"list": entries}}
    return {
        "bitfinex": [entries],
        "coinbase": {"products": entries},
        "deribit": {"result": entries},
        "hyperliquid": {"universe": entries},
        "kraken": {"error": [], "result": {str(at): each for at, each in enumerate(entries)}},
        "okx": {"code": "0", "data": entries},
    }.get(exchange, entries)


ENTRIES: dict[str, tuple[Any, str]] = {
    "binance": (BINANCE, "BTCUSDT"),
    "binance_us": (BINANCE, "BTCUSDT"),
    "binance_futures": (BINANCE, "BTCUSDT"),
    "binance_delivery": (BINANCE, "BTCUSDT"),
    "bitfinex": (["BTCUSD", []], "tBTCUSD"),
    "bitstamp": (BITSTAMP, "btcusd"),
    "bybit": (BYBIT, "BTCUSDT"),
    "bybit_spot": (BYBIT, "BTCUSDT"),
    "coinbase": ({"product_id": "BTC-USD"}, "BTC-USD"),
    "coinbase_exchange": (EXCHANGE_COINBASE, "BTC-USD"),
    "deribit": (DERIBIT, "BTC-PERPETUAL"),
    "gemini": ("btcusd", "btcusd"),
    "hyperliquid": ({"name": "BTC", "szDecimals": 5}, "BTC"),
    "kraken": (KRAKEN, "BTC/USD"),
    "okx": (OKX, "BTC-USDT"),
}
UNREADABLE: list[Any] = [None, 5, {}, {"symbol": None, "baseAsset": None}]


def test_every_exchange_with_a_list_is_looked_at() -> None:
    assert {name for name, exchange in EXCHANGES.items() if exchange.instruments_requests()} == set(ENTRIES)


@pytest.mark.parametrize("bad", UNREADABLE)
@pytest.mark.parametrize("exchange", ENTRIES)
def test_an_entry_that_cannot_be_read_costs_itself_alone(exchange: str, bad: Any) -> None:
    if exchange == "kraken" and bad == {}:
        bad = {"base": 5}
    good, symbol = ENTRIES[exchange]
    found = EXCHANGES[exchange].instruments(json.dumps(wrapped(exchange, [bad, good])).encode())
    assert [each.symbol for each in found] == [symbol]
    assert found.unreadable == 1


@pytest.mark.parametrize("exchange", ENTRIES)
def test_a_list_of_which_no_entry_can_be_read_is_none(exchange: str) -> None:
    with pytest.raises(ValueError, match="none of the 2 entries"):
        EXCHANGES[exchange].instruments(json.dumps(wrapped(exchange, [None, 5])).encode())


def test_a_spot_pair_of_a_token_that_cannot_be_read_is_left_out_alone() -> None:
    tokens = [
        {"name": "USDC", "index": 0, "szDecimals": 8},
        {"name": "A", "index": 1, "szDecimals": 0},
        {"index": 2},
    ]
    pairs = [{"name": "A/USDC", "tokens": [1, 0]}, {"name": "B/USDC", "tokens": [2, 0]}]
    found = EXCHANGES["hyperliquid"].instruments(json.dumps({"universe": pairs, "tokens": tokens}).encode())
    assert [each.symbol for each in found] == ["A/USDC"]
