"""What is particular to each exchange: a folder an exchange with the same file names in each; no I/O."""

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
from .model import Exchange
from .okx.exchange import Okx

__all__ = ["EXCHANGES"]

EXCHANGES: Mapping[str, Exchange] = {
    exchange.name: exchange
    for exchange in (
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
"""Every exchange that can be recorded, by the name it has in the configuration."""
