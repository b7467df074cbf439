"""The simulated exchanges, by name."""

from __future__ import annotations

from daedalus.simulator.exchanges.binance.exchange import Binance, BinanceUs
from daedalus.simulator.exchanges.binance.futures import BinanceDelivery, BinanceFutures
from daedalus.simulator.exchanges.bitfinex.exchange import Bitfinex
from daedalus.simulator.exchanges.bitstamp.exchange import Bitstamp
from daedalus.simulator.exchanges.bybit.exchange import Bybit, BybitSpot
from daedalus.simulator.exchanges.coinbase.exchange import Coinbase
from daedalus.simulator.exchanges.coinbase_exchange.exchange import CoinbaseExchange
from daedalus.simulator.exchanges.deribit.exchange import Deribit
from daedalus.simulator.exchanges.gemini.exchange import Gemini
from daedalus.simulator.exchanges.hyperliquid.exchange import Hyperliquid
from daedalus.simulator.exchanges.kraken.exchange import Kraken
from daedalus.simulator.exchanges.okx.exchange import Okx
from daedalus.simulator.market import Market
from daedalus.simulator.options import SimulatorError, SimulatorOptions
from daedalus.simulator.protocol import ExchangeProtocol

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
