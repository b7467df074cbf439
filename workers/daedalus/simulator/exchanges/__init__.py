"""The simulated exchanges, by name."""

from __future__ import annotations

from ..market import Market
from ..options import SimulatorError, SimulatorOptions
from ..protocol import ExchangeProtocol
from .binance.exchange import Binance, BinanceUs
from .binance.futures import BinanceDelivery, BinanceFutures
from .bitfinex.exchange import Bitfinex
from .bitstamp.exchange import Bitstamp
from .bybit.exchange import Bybit, BybitSpot
from .coinbase.exchange import Coinbase
from .coinbase_exchange.exchange import CoinbaseExchange
from .deribit.exchange import Deribit
from .gemini.exchange import Gemini
from .hyperliquid.exchange import Hyperliquid
from .kraken.exchange import Kraken
from .okx.exchange import Okx

__all__ = ["EXCHANGES", "exchange_of", "market_of"]

EXCHANGES: dict[str, type[ExchangeProtocol]] = {
    exchange.name: exchange
    for exchange in (
        Binance,
        BinanceDelivery,
        BinanceFutures,
        BinanceUs,
        Bitstamp,
        CoinbaseExchange,
        Coinbase,
        Kraken,
        Deribit,
        Gemini,
        Bybit,
        BybitSpot,
        Bitfinex,
        Hyperliquid,
        Okx,
    )
}
"""Every simulated exchange, in the order of the help text."""


def exchange_of(name: str) -> type[ExchangeProtocol]:
    """The protocol of an exchange. Raises `SimulatorError` if it is not simulated."""
    exchange = EXCHANGES.get(name)
    if exchange is None:
        raise SimulatorError(f"exchange {name!r} is not simulated. Choose one of: {', '.join(EXCHANGES)}.")
    return exchange


def market_of(options: SimulatorOptions) -> Market:
    """The market for the given options. Raises `SimulatorError` if they are invalid."""
    exchange = exchange_of(options.exchange)
    symbols = options.symbols or exchange.usual_symbols
    if len(set(symbols)) < len(symbols):
        raise SimulatorError(f"--symbols {' '.join(symbols)}: a symbol is named twice. Name each once.")
    if not 0 <= options.rate <= 10**6:
        raise SimulatorError(f"--rate {options.rate}: expected 0 (as fast as possible) to 1000000 a second.")
    try:
        instruments = [exchange.instrument(symbol) for symbol in symbols]
    except ValueError as error:
        raise SimulatorError(f"--symbols: {error}.") from None
    return Market(
        instruments,
        exchange.mixture,
        seed=options.seed,
        rate=options.rate,
        depth=options.depth,
        epoch_ns=options.epoch_ns,
    )
