"""How messages, requests and lists of all four markets of Binance are made."""

from __future__ import annotations

import json


def bare(message: bytes) -> bytes:
    """The message as it comes over a connection for one stream."""
    return json.dumps(json.loads(message)["data"]).encode()


def listed(entries: list[object]) -> object:
    return {"symbols": entries}


ENTRY = {"symbol": "BTCUSDT", "status": "TRADING", "baseAsset": "BTC", "quoteAsset": "USDT"}


def quoted(bid: list[str], ask: list[str]) -> object:
    sides = {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
    return {
        "stream": "a_1@bookTicker",
        "data": {"e": "bookTicker", "u": 1, "s": "A_1", "E": 5, "T": 4} | sides,
    }


def subscribing(*streams: str) -> object:
    return {"method": "SUBSCRIBE", "params": list(streams), "id": 1}
