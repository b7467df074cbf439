"""What is particular to each venue: one small file per venue, pure functions, no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from .base import Venue
from .binance import Binance
from .binance_delivery import BinanceDelivery
from .binance_futures import BinanceFutures
from .binance_us import BinanceUs
from .bitfinex import Bitfinex
from .bitstamp import Bitstamp
from .bybit import Bybit, BybitSpot
from .coinbase import Coinbase
from .coinbase_exchange import CoinbaseExchange
from .deribit import Deribit
from .gemini import Gemini
from .hyperliquid import Hyperliquid
from .kraken import Kraken
from .okx import Okx

__all__ = ["VENUES"]

VENUES: Mapping[str, Venue] = {
    venue.name: venue
    for venue in (
        Binance(),
        BinanceDelivery(),
        BinanceFutures(),
        BinanceUs(),
        Bitfinex(),
        Bitstamp(),
        Bybit(),
        BybitSpot(),
        Coinbase(),
        CoinbaseExchange(),
        Deribit(),
        Gemini(),
        Hyperliquid(),
        Kraken(),
        Okx(),
    )
}
"""Every venue that can be recorded, by the name it has in the configuration."""
