"""Binance.US: the same protocol as `binance`, an exchange of its own with smaller budgets.

Protocol: docs.binance.us. Times are milliseconds. Without a key only the newest 1000 trades are to be had.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ..model import Channel, History, Proof, RestLimit, RestRequest
from .exchange import Binance
from .market import Backfill

__all__ = ["BinanceUs"]


class BinanceUs(Binance):
    """Binance.US, market data only; no key needed. Most of its symbols trade a few times an hour."""

    name: ClassVar[str] = "binance_us"
    websocket_url: ClassVar[str] = "wss://stream.binance.us:9443/stream"
    rest_url: ClassVar[str] = "https://api.binance.us"
    rest_limit: ClassVar[RestLimit] = RestLimit(weight_per_minute=1200, used_header="X-MBX-USED-WEIGHT-1M")
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            "trade": Channel("trades", Proof.IDS, history=History.NEWEST),
            "aggTrade": Channel("agg_trades", Proof.IDS, history=History.IDS),
            "depth": Channel("book_updates", Proof.IDS, snapshot="rest", silence_seconds=300.0),
            "bookTicker": Channel("quotes", silence_seconds=300.0),
        }
    )

    snapshot_weight: ClassVar[int] = 50
    backfills: ClassVar[Mapping[str, Backfill]] = MappingProxyType(
        {"trade": Backfill("trades", weight=1, from_id=False), "aggTrade": Backfill("aggTrades", weight=1)}
    )
    instruments_request: ClassVar[RestRequest] = RestRequest("/api/v3/exchangeInfo", weight=10)
