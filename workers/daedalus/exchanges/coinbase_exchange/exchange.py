"""Coinbase Exchange: single trades with consecutive ids, proved even in silence by a heartbeat.

Protocol: docs.cdp.coinbase.com, "Exchange WebSocket feed". Without a key there are ``matches``, ``ticker``,
``heartbeat``, ``status`` and ``level2_batch``. The book has no sequence: a loss inside a connection cannot be
seen. Its snapshot comes on the stream, right after subscribing.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import CoinbaseExchangeMessages
from .requests import CoinbaseExchangeRequests
from .rest import CoinbaseExchangeRest

__all__ = ["COINBASE_EXCHANGE"]

COINBASE_EXCHANGE = Exchange(
    name="coinbase_exchange",
    title="Coinbase Exchange",
    websocket_url="wss://ws-feed.exchange.coinbase.com",
    rest_url="https://api.exchange.coinbase.com",
    rest_limit=RestLimit(weight_per_minute=600, interval_seconds=0.15),
    channels={
        "matches": Channel("trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
        "level2_batch": Channel("book_updates", snapshot="stream", silence_seconds=60.0),
        "ticker": Channel("quotes", silence_seconds=600.0),
        "heartbeat": Channel(None, silence_seconds=10.0),  # one per second and product
        "status": Channel(None, per_symbol=False),
    },
    requests=CoinbaseExchangeRequests(),
    messages=CoinbaseExchangeMessages(),
    rest=CoinbaseExchangeRest(),
)
