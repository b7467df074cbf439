"""Bitstamp: trades and changed levels without any proof, and orders one by one, each naming the one before.

Protocol: www.bitstamp.net/websocket/v2 and /api. ``diff_order_book`` has a time and no ids: a loss cannot be
seen. Its first book comes from REST and lags by a second or more. ``live_orders`` is the channel to record
where completeness matters: every event names its predecessor. It costs some 260 messages of 530 bytes a
second for btcusd (12 GB a day before compression), against a few for ``diff_order_book``. Its book begins
empty, as no snapshot fits it: the one over REST has orders that the stream never removes. Remove an order by
its id: a deletion may name another price. No key is needed.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit
from .messages import BitstampMessages
from .requests import BitstampRequests
from .rest import BitstampRest

__all__ = ["BITSTAMP"]

BITSTAMP = Exchange(
    name="bitstamp",
    title="Bitstamp",
    websocket_url="wss://ws.bitstamp.net",
    rest_url="https://www.bitstamp.net",
    rest_limit=RestLimit(weight_per_minute=600),  # of 10,000 in ten minutes
    channels={
        "live_trades": Channel("trades", history=History.TIME),
        "diff_order_book": Channel("book_updates", snapshot="rest"),
        "live_orders": Channel(
            "orders",
            Proof.CHAIN,
            lossy="orders that rested in the book before the connection are not sent",
        ),
        "funding_rate": Channel("derivative_tickers"),
    },
    requests=BitstampRequests(),
    messages=BitstampMessages(),
    rest=BitstampRest(),
)
