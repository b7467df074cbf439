"""Binance's four markets: one protocol, with limits and paths of their own.

Protocol: binance-spot-api-docs, ``web-socket-streams.md`` and ``rest-api.md``; developers.binance.com,
derivatives, USD-M and COIN-M futures: "Websocket Market Streams", "Important WebSocket Change Notice";
docs.binance.us. No key is needed. Without one, only spot's missed trades can be requested by id.

Trades and aggregate trades have consecutive ids. The book of spot has consecutive update ids
(``U == previous u + 1``), that of futures is chained by ``pu``. Times are milliseconds, or microseconds where
the URL asks for ``timeUnit=MICROSECOND``.

Some trade ids of futures stand for no trade in the book: those of the insurance fund and of deleveraging,
and ids without a trade (price and amount 0). They count as received and give no row; REST and aggregate
trades leave them out. Amounts of USD-M are in the base currency, those of COIN-M are contracts of 100 USD
(BTC) or 10 USD.
"""

from __future__ import annotations

from ..model import Channel, Exchange, History, Proof, RestLimit, RestRequest
from .messages import BinanceMessages
from .requests import BinanceDeliveryRequests, BinanceRequests
from .rest import Backfill, BinanceRest, Book

__all__ = ["BINANCE", "BINANCE_DELIVERY", "BINANCE_FUTURES", "BINANCE_US"]

_PUBLIC, _MARKET = "/public", "/market"
_USED = "X-MBX-USED-WEIGHT-1M"

_SPOT_CHANNELS = {
    "trade": Channel("trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
    "aggTrade": Channel("agg_trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
    "depth": Channel("book_updates", Proof.IDS, snapshot="rest", silence_seconds=60.0),
    "bookTicker": Channel("quotes", silence_seconds=60.0),
}
# Most symbols of Binance.US trade a few times an hour: silence is normal.
_US_CHANNELS = {
    "trade": Channel("trades", Proof.IDS, history=History.NEWEST),
    "aggTrade": Channel("agg_trades", Proof.IDS, history=History.IDS),
    "depth": Channel("book_updates", Proof.IDS, snapshot="rest", silence_seconds=300.0),
    "bookTicker": Channel("quotes", silence_seconds=300.0),
}
_FUTURES_CHANNELS = {
    "trade": Channel("trades", Proof.IDS, silence_seconds=300.0, spends_ids=True, history=History.NEWEST),
    "aggTrade": Channel("agg_trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
    "depth": Channel("book_updates", Proof.CHAIN, snapshot="rest", silence_seconds=60.0),
    "bookTicker": Channel("quotes", silence_seconds=60.0),
    "markPrice": Channel("derivative_tickers", silence_seconds=30.0),  # one per second
    "forceOrder": Channel(
        "liquidations",
        lossy="the exchange sends only the newest liquidation of each symbol within 1000 ms",
    ),
}
# COIN-M has few trades: silence is normal, except for the mark price.
_DELIVERY_CHANNELS = {
    **_FUTURES_CHANNELS,
    "trade": Channel("trades", Proof.IDS, spends_ids=True, history=History.NEWEST),
    "aggTrade": Channel("agg_trades", Proof.IDS, history=History.IDS),
    "depth": Channel("book_updates", Proof.CHAIN, snapshot="rest", silence_seconds=300.0),
    "bookTicker": Channel("quotes", silence_seconds=300.0),
}

BINANCE = Exchange(
    name="binance",
    title="Binance spot",
    websocket_url="wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND",
    rest_url="https://api.binance.com",
    rest_limit=RestLimit(weight_per_minute=6000, used_header=_USED),
    channels=_SPOT_CHANNELS,
    requests=BinanceRequests("binance", streams_per_connection=1024),
    messages=BinanceMessages(_SPOT_CHANNELS),
    rest=BinanceRest(
        "/api/v3",
        book=Book(levels=5000, weight=250),
        backfills={"trade": Backfill("historicalTrades", 25), "aggTrade": Backfill("aggTrades", 4)},
        # The permission sets would make the answer several times as large.
        instruments=RestRequest("/api/v3/exchangeInfo?showPermissionSets=false", weight=20),
    ),
)
"""Binance spot."""

BINANCE_US = Exchange(
    name="binance_us",
    title="Binance.US",
    websocket_url="wss://stream.binance.us:9443/stream",
    rest_url="https://api.binance.us",
    rest_limit=RestLimit(weight_per_minute=1200, used_header=_USED),
    channels=_US_CHANNELS,
    requests=BinanceRequests("binance_us", streams_per_connection=1024),
    messages=BinanceMessages(_US_CHANNELS),
    rest=BinanceRest(
        "/api/v3",
        book=Book(levels=5000, weight=50),
        backfills={"trade": Backfill("trades", 1, from_id=False), "aggTrade": Backfill("aggTrades", 1)},
        instruments=RestRequest("/api/v3/exchangeInfo", weight=10),
    ),
)
"""Binance.US: an exchange of its own, with smaller budgets. Single trades by id would need a key."""

_FUTURES_BOOK = Book(levels=1000, weight=20)
# historicalTrades returns trades by id, but needs a key.
_FUTURES_BACKFILLS = {
    "trade": Backfill("trades", 5, from_id=False),
    "aggTrade": Backfill("aggTrades", 20),
}

BINANCE_FUTURES = Exchange(
    name="binance_futures",
    title="Binance USD-M futures",
    websocket_url="wss://fstream.binance.com",
    rest_url="https://fapi.binance.com",
    rest_limit=RestLimit(weight_per_minute=2400, used_header=_USED),
    channels=_FUTURES_CHANNELS,
    requests=BinanceRequests(
        "binance_futures",
        streams_per_connection=200,  # the documentation has said 1024 too
        # A channel requested on the wrong route is acknowledged and stays silent.
        routes={
            "trade": _PUBLIC,
            "depth": _PUBLIC,
            "bookTicker": _PUBLIC,
            "aggTrade": _MARKET,
            "markPrice": _MARKET,
            "forceOrder": _MARKET,
        },
    ),
    messages=BinanceMessages(_FUTURES_CHANNELS),
    rest=BinanceRest(
        "/fapi/v1",
        book=_FUTURES_BOOK,
        backfills=_FUTURES_BACKFILLS,
        instruments=RestRequest("/fapi/v1/exchangeInfo", weight=1),
    ),
)
"""USD-M futures, on two routes."""

BINANCE_DELIVERY = Exchange(
    name="binance_delivery",
    title="Binance COIN-M futures",
    websocket_url="wss://dstream.binance.com",
    rest_url="https://dapi.binance.com",
    rest_limit=RestLimit(weight_per_minute=2400, used_header=_USED),
    channels=_DELIVERY_CHANNELS,
    requests=BinanceDeliveryRequests("binance_delivery", streams_per_connection=200),
    messages=BinanceMessages(_DELIVERY_CHANNELS),
    rest=BinanceRest(
        "/dapi/v1",
        book=_FUTURES_BOOK,
        backfills=_FUTURES_BACKFILLS,
        instruments=RestRequest("/dapi/v1/exchangeInfo", weight=1),
    ),
)
"""COIN-M futures. Symbols are spelled ``BTCUSD_PERP`` and ``BTCUSD_261225``."""
