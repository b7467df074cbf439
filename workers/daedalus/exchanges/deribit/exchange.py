"""Deribit: perpetuals, futures, options and spot over JSON-RPC; trades and books can be proved.

Protocol: docs.deribit.com. Trades have consecutive numbers per instrument (``trade_seq``); a change of a
book names the one before (``prev_change_id``), and its snapshot comes on the stream. Without a key changes
are summed up over 100 ms; the ``raw`` channels, which need one, are read in the same way. The exchange sends
heartbeats if asked to, and wants an answer to each ``test_request``. No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import DeribitMessages
from .requests import PATH, DeribitRequests
from .rest import DeribitRest

__all__ = ["DERIBIT"]

DERIBIT = Exchange(
    name="deribit",
    title="Deribit",
    websocket_url=f"wss://www.deribit.com{PATH}",
    rest_url="https://www.deribit.com",
    rest_limit=RestLimit(weight_per_minute=300, interval_seconds=0.2),
    connect_interval_seconds=1.0,
    channels={
        "trades": Channel("trades", Proof.IDS, history=History.IDS),
        "book": Channel("book_updates", Proof.CHAIN, snapshot="stream"),
        "quote": Channel("quotes"),
        "ticker": Channel("derivative_tickers"),
    },
    requests=DeribitRequests(),
    messages=DeribitMessages(),
    rest=DeribitRest(),
)
