"""Hyperliquid: trades with unordered ids, books as whole pictures one after the other.

Protocol: hyperliquid.gitbook.io, "API: Websocket: Subscriptions", "Rate limits and user limits". Nothing is
numbered: trades carry an id that is unique but not ordered, and each book message is a whole book. That
nothing is missing cannot be proved; two connections at once lose less than one. Amounts are in the base
currency. No key is needed.

An unknown coin ends the whole connection without a word, so symbols must be right: BTC, kPEPE (the case
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
        "bbo": Channel("quotes", lossy="at most one per block, of what the block left"),
        "activeAssetCtx": Channel("derivative_tickers"),
    },
    requests=HyperliquidRequests(),
    messages=HyperliquidMessages(),
    rest=HyperliquidRest(),
)
