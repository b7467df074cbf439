"""Binance USD-M futures: two routes, each with sockets of its own; books are chained by ``pu``.

Protocol: developers.binance.com, derivatives, USD-M futures: "Websocket Market Streams" and "Important
WebSocket Change Notice". ``/public`` serves trades, books and quotes, ``/market`` all else; what is asked for
on the wrong one is acknowledged and never comes. Amounts are of the base.

Ids of trades are consecutive, but some of them never traded in the book: those of the insurance fund and of
deleveraging, and ids that were spent without a trade (price and amount 0). They count as seen and give no
row; nor do they come by REST, and aggregate trades leave them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ..model import Channel, History, Proof, RestLimit, RestRequest
from .market import Backfill, BinanceMarket

__all__ = ["BinanceFutures"]

_PUBLIC, _MARKET = "/public", "/market"


class BinanceFutures(BinanceMarket):
    """Binance USD-M futures, market data only; no key needed."""

    name: ClassVar[str] = "binance_futures"
    websocket_url: ClassVar[str] = "wss://fstream.binance.com"
    rest_url: ClassVar[str] = "https://fapi.binance.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=2400, used_header="X-MBX-USED-WEIGHT-1M")
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel(
                "trades", Proof.IDS, silence_seconds=300.0, spends_ids=True, history=History.NEWEST
            ),
            "aggTrade": Channel("agg_trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
            "depth": Channel("book_updates", Proof.CHAIN, snapshot="rest", silence_seconds=60.0),
            "bookTicker": Channel("quotes", silence_seconds=60.0),
            "markPrice": Channel("derivative_tickers", silence_seconds=30.0),  # one per second
            "forceOrder": Channel(
                "liquidations",
                lossy="the exchange tells only the newest liquidation of each symbol within 1000 ms",
            ),
        }
    )

    api: ClassVar[str] = "/fapi/v1"
    streams_per_connection: ClassVar[int] = 200  # the documentation has said 1024 too
    routes: ClassVar[Mapping[str, str]] = MappingProxyType(
        {
            "trade": _PUBLIC,
            "depth": _PUBLIC,
            "bookTicker": _PUBLIC,
            "aggTrade": _MARKET,
            "markPrice": _MARKET,
            "forceOrder": _MARKET,
        }
    )
    snapshot_levels: ClassVar[int] = 1000
    snapshot_weight: ClassVar[int] = 20
    # historicalTrades would go by id, but wants a key.
    backfills: ClassVar[Mapping[str, Backfill]] = MappingProxyType(
        {"trade": Backfill("trades", weight=5, from_id=False), "aggTrade": Backfill("aggTrades", weight=20)}
    )
    instruments_request: ClassVar[RestRequest] = RestRequest("/fapi/v1/exchangeInfo", weight=1)
