"""What is particular to each venue: a folder a venue with the same file names in each; no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from .binance.delivery import BinanceDelivery
from .binance.exchange import Binance
from .binance.futures import BinanceFutures
from .binance.us import BinanceUs
from .bitfinex.exchange import Bitfinex
from .bitstamp.exchange import Bitstamp
from .bybit.exchange import Bybit, BybitSpot
from .coinbase.exchange import Coinbase
from .coinbase_exchange.exchange import CoinbaseExchange
from .deribit.exchange import Deribit
from .gemini.exchange import Gemini
from .hyperliquid.exchange import Hyperliquid
from .kraken.exchange import Kraken
from .model import Venue
from .okx.exchange import Okx

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
