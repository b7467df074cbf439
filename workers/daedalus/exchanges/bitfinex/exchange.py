"""Bitfinex v2: every message of a connection is numbered, and books have checksums.

Protocol: docs.bitfinex.com, "WebSocket API: General", "Public channels", "WebSocket Checksum". With the flag
SEQ_ALL each message of a channel, also a heartbeat, carries the next number of its connection: a loss on a
connection always shows. Trade ids rise but skip: what was missed without a connection is known only after
REST was asked for that time. Amounts are in the base currency, those of derivatives too. No key is needed.

``deriv`` and ``liq`` are the exchange's channel ``status``, with keys that begin with these words.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .book import BitfinexBook
from .messages import BitfinexMessages
from .requests import DEPTH, BitfinexRequests
from .rest import BitfinexRest

__all__ = ["BITFINEX"]

BITFINEX = Exchange(
    name="bitfinex",
    title="Bitfinex",
    websocket_url="wss://api-pub.bitfinex.com/ws/2",
    rest_url="https://api-pub.bitfinex.com",
    rest_limit=RestLimit(weight_per_minute=15, interval_seconds=2.0),
    connect_interval_seconds=3.0,  # 20 connections per minute
    channels={
        "trades": Channel("trades", Proof.SEQUENCE, history=History.TIME),
        "book": Channel(
            "book_updates",
            Proof.SEQUENCE,
            snapshot="stream",
            checksums=True,
            lossy=f"only the best {DEPTH} levels of each side; the checksum proves the best 25",
        ),
        "ticker": Channel("quotes", Proof.SEQUENCE),
        "deriv": Channel("derivative_tickers", Proof.SEQUENCE),
        "liq": Channel("liquidations", Proof.SEQUENCE, per_symbol=False),
    },
    requests=BitfinexRequests(),
    messages=BitfinexMessages(),
    rest=BitfinexRest(),
    checked_book=lambda symbol, state: BitfinexBook(state),
)
