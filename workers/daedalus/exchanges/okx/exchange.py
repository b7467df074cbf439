"""OKX v5: trades with consecutive ids, books whose messages name the one before.

Protocol: okx.com/docs-v5, "WebSocket", "Order Book Trading / Market Data", "Public Data". Trades come on
two channels at two URLs: ``trades-all`` has every trade, ``trades`` one message per taker order and price,
with the last id of its trades and their count. A book (``books``, 400 levels every 100 ms) begins with a
snapshot on the stream; from then on ``prevSeqId`` is the ``seqId`` before, also where the exchange restarts
its counter.

Channels are the exchange's own, with ``_`` for its ``-``, because they name folders. Symbols are
``BTC-USDT``, ``BTC-USDT-SWAP``, ``BTC-USD-241227``. The exchange refuses ``funding_rate`` and
``open_interest`` for spot pairs; ``index_tickers`` of a contract are those of its pair. Sizes of derivatives
count contracts. No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import OkxMessages
from .requests import OkxRequests
from .rest import OkxRest

__all__ = ["OKX"]

OKX = Exchange(
    name="okx",
    title="OKX",
    websocket_url="wss://ws.okx.com:8443/ws/v5/public",
    rest_url="https://www.okx.com",
    rest_limit=RestLimit(weight_per_minute=300, interval_seconds=0.2),
    connect_interval_seconds=0.4,  # 3 connections a second
    channels={
        "trades_all": Channel("trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
        "trades": Channel("agg_trades", Proof.IDS, silence_seconds=600.0, history=History.IDS),
        # an unchanged book is confirmed after 60 s
        "books": Channel("book_updates", Proof.CHAIN, snapshot="stream", silence_seconds=120.0),
        "bbo_tbt": Channel("quotes", silence_seconds=120.0),
        "mark_price": Channel("derivative_tickers", silence_seconds=60.0),  # at least every 10 s
        "funding_rate": Channel("derivative_tickers", silence_seconds=600.0),  # every 30 to 90 s
        "open_interest": Channel("derivative_tickers", silence_seconds=120.0),  # every 3 s
        "index_tickers": Channel("derivative_tickers", silence_seconds=240.0),  # once a minute
        "liquidation_orders": Channel(
            "liquidations",
            per_symbol=False,
            lossy="the exchange sends some of the liquidations, by its own words not all of them",
        ),
    },
    requests=OkxRequests(),
    messages=OkxMessages(),
    rest=OkxRest(),
)
