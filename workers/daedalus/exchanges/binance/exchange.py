"""Binance spot: every trade and every book update has a consecutive number.

Protocol: binance-spot-api-docs, ``web-socket-streams.md`` and ``rest-api.md``. The update ids of the stream
prove each step of a book (``U == previous u + 1``). Times come in milliseconds, or in microseconds where the
URL asks for ``timeUnit=MICROSECOND``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ..model import Channel, History, Proof, RestLimit, RestRequest
from .market import Backfill, BinanceMarket

__all__ = ["Binance"]


class Binance(BinanceMarket):
    """Binance spot, market data only; no key needed."""

    name: ClassVar[str] = "binance"
    websocket_url: ClassVar[str] = "wss://stream.binance.com:9443/stream?timeUnit=MICROSECOND"
    rest_url: ClassVar[str] = "https://api.binance.com"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=6000, used_header="X-MBX-USED-WEIGHT-1M")
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel("trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
            "aggTrade": Channel("agg_trades", Proof.IDS, silence_seconds=300.0, history=History.IDS),
            "depth": Channel("book_updates", Proof.IDS, snapshot="rest", silence_seconds=60.0),
            "bookTicker": Channel("quotes", silence_seconds=60.0),
        }
    )

    api: ClassVar[str] = "/api/v3"
    streams_per_connection: ClassVar[int] = 1024
    snapshot_levels: ClassVar[int] = 5000
    snapshot_weight: ClassVar[int] = 250
    backfills: ClassVar[Mapping[str, Backfill]] = MappingProxyType(
        {"trade": Backfill("historicalTrades", weight=25), "aggTrade": Backfill("aggTrades", weight=4)}
    )
    # Without its permission sets the answer is a fraction of its size.
    instruments_request: ClassVar[RestRequest] = RestRequest(
        "/api/v3/exchangeInfo?showPermissionSets=false", weight=20
    )
