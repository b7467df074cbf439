"""Coinbase Advanced Trade: every message of a connection is numbered, whatever its channel.

Protocol: docs.cdp.coinbase.com, coinbase-app/advanced-trade-apis/websocket. A gap in ``sequence_num`` makes
everything on the connection suspect, so few books share one, and trades never share one with books. Trades
also have consecutive ids. The snapshots of books come on the stream, megabytes each; the channel requested
as ``level2`` arrives as ``l2_data``. Heartbeats keep all subscriptions open: each connection asks for them.
Futures count contracts. No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import CoinbaseMessages
from .requests import CoinbaseRequests
from .rest import CoinbaseRest

__all__ = ["COINBASE"]

COINBASE = Exchange(
    name="coinbase",
    title="Coinbase Advanced Trade",
    websocket_url="wss://advanced-trade-ws.coinbase.com",
    rest_url="https://api.coinbase.com",
    rest_limit=RestLimit(weight_per_minute=600, interval_seconds=0.15),
    # At most 8 messages per second and address; each new connection sends up to three.
    connect_interval_seconds=0.5,
    channels={
        "market_trades": Channel("trades", Proof.IDS, history=History.TIME),
        "level2": Channel("book_updates", Proof.SEQUENCE, snapshot="stream"),
        "ticker": Channel("quotes", Proof.SEQUENCE, lossy="the top of the book only when a trade is made"),
    },
    requests=CoinbaseRequests(),
    messages=CoinbaseMessages(),
    rest=CoinbaseRest(),
)
