"""Hyperliquid: trades with unordered ids, and books that are sent whole each time.

Protocol: hyperliquid.gitbook.io, "API: Websocket: Subscriptions", "Rate limits and user limits". Nothing is
numbered: trades carry an id that is unique but not ordered, and each book message is a whole book. A loss
inside a connection cannot be seen; two connections at once lose less than one. Amounts are in the base
currency. No key is needed.

An unknown coin ends the whole connection without an error, so symbols must be right: BTC, kPEPE (the case
counts), PURR/USDC and @107 for spot pairs. The exchange closes a connection on which it has sent nothing for
a minute; it answers ``{"method":"ping"}``.
"""

from __future__ import annotations

from ..model import Channel, Exchange, RestLimit
from .messages import HyperliquidMessages
from .requests import HyperliquidRequests
from .rest import HyperliquidRest

__all__ = ["HYPERLIQUID"]

HYPERLIQUID = Exchange(
    name="hyperliquid",
    title="Hyperliquid",
    symbol_marks="-_.:/@",
    websocket_url="wss://api.hyperliquid.xyz/ws",
    rest_url="https://api.hyperliquid.xyz",
    rest_limit=RestLimit(weight_per_minute=1200),
    connect_interval_seconds=2.0,  # 30 connections per minute
    channels={
        "trades": Channel("trades"),
        "l2Book": Channel(
            "book_updates",
            snapshot="stream",
            silence_seconds=60.0,  # unchanged books are sent again too
            lossy="a picture of the best 20 levels of each side every few seconds, not what changed",
        ),
        "bbo": Channel("quotes", lossy="at most one per block, as the book is after it"),
        "activeAssetCtx": Channel("derivative_tickers"),
    },
    requests=HyperliquidRequests(),
    messages=HyperliquidMessages(),
    rest=HyperliquidRest(),
)
