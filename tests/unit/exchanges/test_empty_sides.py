"""What rows of all exchanges have in common: an empty side of a quote is null, and nothing gives no row."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daedalus.exchanges import EXCHANGES
from daedalus.tables.rows import Quote


def _binance(bid: list[str], ask: list[str]) -> dict[str, Any]:
    data = {"e": "bookTicker", "u": 1, "s": "A_1", "E": 5, "T": 4}
    return {
        "stream": "a_1@bookTicker",
        "data": data | {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]},
    }


def _kraken(bid: list[str], ask: list[str]) -> dict[str, Any]:
    sides = {"bid": bid[0], "bid_qty": bid[1], "ask": ask[0], "ask_qty": ask[1]}
    numbers = {name: float(text) for name, text in sides.items()}
    return {"channel": "ticker", "type": "update", "data": [{"symbol": "A/B", **numbers}]}


def _coinbase(bid: list[str], ask: list[str]) -> dict[str, Any]:
    ticker = {"product_id": "A-B", "best_bid": bid[0], "best_bid_quantity": bid[1]}
    ticker |= {"best_ask": ask[0], "best_ask_quantity": ask[1]}
    return {"channel": "ticker", "sequence_num": 1, "events": [{"type": "update", "tickers": [ticker]}]}


def _coinbase_exchange(bid: list[str], ask: list[str]) -> dict[str, Any]:
    sides = {"best_bid": bid[0], "best_bid_size": bid[1], "best_ask": ask[0], "best_ask_size": ask[1]}
    return {"type": "ticker", "product_id": "A-B", "sequence": 1, **sides}


def _gemini(bid: list[str], ask: list[str]) -> dict[str, Any]:
    return {"u": 1, "E": 5, "s": "ab", "b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}


def _bybit(bid: list[str], ask: list[str]) -> dict[str, Any]:
    data = {"s": "ABUSDT", "b": [bid], "a": [ask], "u": 1}
    return {"topic": "orderbook.1.ABUSDT", "type": "snapshot", "ts": 5, "data": data}


def _okx(bid: list[str], ask: list[str]) -> dict[str, Any]:
    sides = {"bids": [[*bid, "0", "1"]], "asks": [[*ask, "0", "1"]]}
    return {"arg": {"channel": "bbo-tbt", "instId": "A-B"}, "data": [{**sides, "ts": "5", "seqId": 1}]}


def _deribit(bid: list[str], ask: list[str]) -> dict[str, Any]:
    sides = {
        f"best_{side}_{what}": float(text)
        for side, values in (("bid", bid), ("ask", ask))
        for what, text in zip(("price", "amount"), values, strict=True)
    }
    data = {"timestamp": 5, "instrument_name": "A", **sides}
    params = {"channel": "quote.A", "data": data}
    return {"jsonrpc": "2.0", "method": "subscription", "params": params}


def _hyperliquid(bid: list[str], ask: list[str]) -> dict[str, Any]:
    sides = [{"px": price, "sz": amount, "n": 1} for price, amount in (bid, ask)]
    return {"channel": "bbo", "data": {"coin": "A", "time": 5, "bbo": sides}}


QUOTED = {
    "binance": _binance,
    "binance_delivery": _binance,
    "binance_futures": _binance,
    "binance_us": _binance,
    "bybit": _bybit,
    "bybit_spot": _bybit,
    "coinbase": _coinbase,
    "coinbase_exchange": _coinbase_exchange,
    "deribit": _deribit,
    "gemini": _gemini,
    "hyperliquid": _hyperliquid,
    "kraken": _kraken,
    "okx": _okx,
}


@pytest.mark.parametrize("name", QUOTED)
def test_no_exchange_gives_a_price_of_zero(name: str) -> None:
    def rows(bid: list[str], ask: list[str]) -> list[tuple[float | None, ...]]:
        payload = json.dumps(QUOTED[name](bid, ask)).encode()
        found = EXCHANGES[name].normalize(EXCHANGES[name].classify(payload), payload)
        assert all(isinstance(row, Quote) for row in found)
        names = ("bid_price", "bid_amount", "ask_price", "ask_amount")
        return [tuple(getattr(row, each) for each in names) for row in found]

    empty, there = ["0.0", "0.0"], ["2.5", "4.0"]
    assert rows(there, there) == [(2.5, 4.0, 2.5, 4.0)]
    assert rows(empty, there) == [(None, None, 2.5, 4.0)]
    assert rows(there, empty) == [(2.5, 4.0, None, None)]
    assert rows(empty, empty) == []


def test_every_exchange_that_tells_prices_and_amounts_of_quotes_is_tried_here() -> None:
    quoted = {
        name
        for name, exchange in EXCHANGES.items()
        if any(about.table == "quotes" for about in exchange.channels.values())
    }
    assert quoted - set(QUOTED) == {"bitfinex"}  # whose messages name no exchange's channel by themselves


def test_a_bitfinex_ticker_of_nothing_gives_no_row() -> None:
    def rows(bid: str, ask: str) -> list[tuple[float | None, float | None]]:
        payload = f"[5,[{bid},1,{ask},2,0,0,0,0,0,0],1,1786563105791]".encode()
        header = EXCHANGES["bitfinex"].classify_stored("ticker", "tABC", payload)
        found = EXCHANGES["bitfinex"].normalize(header, payload)
        return [(row.bid_price, row.ask_price) for row in found if isinstance(row, Quote)]

    assert rows("2.5", "3") == [(2.5, 3.0)]
    assert rows("null", "3") == rows("0", "3") == [(None, 3.0)]
    assert rows("null", "null") == rows("0", "0") == []
