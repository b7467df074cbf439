"""What is particular to each exchange: a folder an exchange with the same file names in each; no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from .binance.exchange import BINANCE, BINANCE_DELIVERY, BINANCE_FUTURES, BINANCE_US
from .bitfinex.exchange import BITFINEX
from .bitstamp.exchange import BITSTAMP
from .bybit.exchange import BYBIT, BYBIT_SPOT
from .coinbase.exchange import COINBASE
from .coinbase_exchange.exchange import COINBASE_EXCHANGE
from .deribit.exchange import DERIBIT
from .gemini.exchange import GEMINI
from .hyperliquid.exchange import HYPERLIQUID
from .kraken.exchange import KRAKEN
from .model import Exchange
from .okx.exchange import OKX

__all__ = ["EXCHANGES"]

EXCHANGES: Mapping[str, Exchange] = {
    exchange.name: exchange
    for exchange in (
        BINANCE,
        BINANCE_DELIVERY,
        BINANCE_FUTURES,
        BINANCE_US,
        BITFINEX,
        BITSTAMP,
        BYBIT,
        BYBIT_SPOT,
        COINBASE,
        COINBASE_EXCHANGE,
        DERIBIT,
        GEMINI,
        HYPERLIQUID,
        KRAKEN,
        OKX,
    )
}
"""Every exchange that can be recorded, by the name it has in the configuration."""
