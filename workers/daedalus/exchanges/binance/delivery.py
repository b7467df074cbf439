"""Binance COIN-M futures: as `binance_futures`, but on one route.

Protocol: developers.binance.com, derivatives, COIN-M futures: "Websocket Market Streams". Symbols are spelled
``BTCUSD_PERP`` and ``BTCUSD_261225``. Amounts are contracts of 100 USD (BTC) or 10 USD (all else).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import ClassVar

from ..model import Channel, History, Proof, RestRequest
from .futures import BinanceFutures

__all__ = ["BinanceDelivery"]


class BinanceDelivery(BinanceFutures):
    """Binance COIN-M futures, market data only; no key needed."""

    name: ClassVar[str] = "binance_delivery"
    websocket_url: ClassVar[str] = "wss://dstream.binance.com"
    rest_url: ClassVar[str] = "https://dapi.binance.com"
    # Few trade here: silence means little, but for the mark price.
    channels: ClassVar[Mapping[str, Channel]] = MappingProxyType(
        {
            **BinanceFutures.channels,
            "trade": Channel("trades", Proof.IDS, spends_ids=True, history=History.NEWEST),
            "aggTrade": Channel("agg_trades", Proof.IDS, history=History.IDS),
            "depth": Channel("book_updates", Proof.CHAIN, snapshot="rest", silence_seconds=300.0),
            "bookTicker": Channel("quotes", silence_seconds=300.0),
        }
    )

    def refuses(self, symbol: str) -> str:
        """What all markets refuse, and pairs: all contracts have an underscore here."""
        pair = f"{symbol} is a pair, no COIN-M contract. Write for example BTCUSD_PERP."
        return pair if symbol.isalnum() else super().refuses(symbol)

    api: ClassVar[str] = "/dapi/v1"
    routes: ClassVar[Mapping[str, str]] = MappingProxyType({})
    instruments_request: ClassVar[RestRequest] = RestRequest("/dapi/v1/exchangeInfo", weight=1)
