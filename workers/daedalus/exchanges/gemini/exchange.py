"""Gemini: the websocket API of 2026 (``wss://ws.gemini.com``), whose books are linked update by update.

Protocol: developer.gemini.com/websocket. Trades have ids that rise but skip; the ``U`` of a book's update is
the ``u`` of the one before. Event times are nanoseconds. No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import GeminiMessages
from .requests import GeminiRequests
from .rest import GeminiRest

__all__ = ["GEMINI"]

GEMINI = Exchange(
    name="gemini",
    title="Gemini",
    websocket_url="wss://ws.gemini.com?snapshot=-1",
    rest_url="https://api.gemini.com",
    rest_limit=RestLimit(weight_per_minute=120, interval_seconds=0.5),
    connect_interval_seconds=1.0,  # 300 attempts in five minutes
    channels={
        "trade": Channel("trades", history=History.TIME),
        "depth": Channel("book_updates", Proof.CHAIN, snapshot="stream"),
        "bookTicker": Channel("quotes"),
    },
    requests=GeminiRequests(),
    messages=GeminiMessages(),
    rest=GeminiRest(),
)
