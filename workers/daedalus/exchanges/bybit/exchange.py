"""Bybit v5, linear contracts and spot: books with numbered messages, trades without any proof.

Protocol: bybit-exchange.github.io/docs/v5, ``websocket/public``, ``ws/connect`` and ``market``. Trades have
ids without an order (UUIDs; on spot long numbers whose steps the exchange does not document): a loss inside a
connection cannot be seen, and REST returns the newest trades alone. Sizes are in the base currency. No key is
needed.

The book is ``orderbook.200``, every 100 ms (200 on spot), like other exchanges' books. 50 levels come every
20 ms and cost several times as much for a book a quarter as deep; 1000 levels come every 200 ms.
"""

from __future__ import annotations

from dataclasses import replace

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import BybitMessages
from .requests import BybitRequests, BybitSpotRequests
from .rest import BybitRest

__all__ = ["BYBIT", "BYBIT_SPOT"]

_PERPETUAL_CHANNELS = {
    "publicTrade": Channel("trades", silence_seconds=600.0, history=History.NEWEST),
    "orderbook": Channel("book_updates", Proof.IDS, snapshot="stream", silence_seconds=60.0),
    "orderbook1": Channel("quotes", silence_seconds=60.0),  # again after 3 s without a change
    "tickers": Channel("derivative_tickers", silence_seconds=60.0),
    "allLiquidation": Channel("liquidations"),
}
_SPOT_CHANNELS = {name: _PERPETUAL_CHANNELS[name] for name in ("publicTrade", "orderbook", "orderbook1")}

BYBIT = Exchange(
    name="bybit",
    title="Bybit, linear contracts",
    websocket_url="wss://stream.bybit.com/v5/public/linear",
    rest_url="https://api.bybit.com",
    rest_limit=RestLimit(weight_per_minute=1200),  # of 600 requests in 5 s
    connect_interval_seconds=0.6,  # 500 connections in 5 minutes
    channels=_PERPETUAL_CHANNELS,
    requests=BybitRequests("linear"),
    messages=BybitMessages(_PERPETUAL_CHANNELS),
    rest=BybitRest("linear", newest_trades=1000),
)
"""USDT and USDC perpetuals and futures."""

BYBIT_SPOT = replace(
    BYBIT,
    name="bybit_spot",
    title="Bybit spot",
    websocket_url="wss://stream.bybit.com/v5/public/spot",
    channels=_SPOT_CHANNELS,
    requests=BybitSpotRequests("spot"),
    messages=BybitMessages(_SPOT_CHANNELS),
    rest=BybitRest("spot", newest_trades=60),
)
"""The spot market: the same protocol on another path, without the channels of derivatives."""
