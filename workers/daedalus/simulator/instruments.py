"""What is traded: price, tick and usual amount of an instrument, by its name."""

from __future__ import annotations

import zlib

from msgspec import Struct

from .noise import REACH, mix

__all__ = ["Instrument", "instrument"]

_MONEY = ("USD", "USDT", "USDC", "FDUSD", "TUSD", "EUR", "GBP", "TRY", "BRL", "JPY")

# base: price, digits of a price, digits of an amount, usual amount; for quotes in money
_KNOWN = {
    "BTC": ("61837.64", 2, 5, "0.45"),
    "ETH": ("2654.10", 2, 4, "6"),
    "SOL": ("1502.15", 2, 3, "40"),
    "XRP": ("5.6210", 4, 1, "3000"),
}


class Instrument(Struct, frozen=True):
    """One traded pair. Prices are counted in ticks, amounts in lots, both integers.

    A tick is ``10 ** -price_digits`` of the quote, a lot ``10 ** -amount_digits`` of the base.
    """

    symbol: str
    base: str
    quote: str
    price_digits: int
    amount_digits: int
    start_ticks: int
    usual_lots: int


def instrument(symbol: str, base: str, quote: str) -> Instrument:
    """The instrument of a name. An unknown name gets a price and a tick derived from the name."""
    if base in _KNOWN and quote in _MONEY:
        price, price_digits, amount_digits, usual = _KNOWN[base]
        start = round(float(price) * 10**price_digits)
        lots = round(float(usual) * 10**amount_digits)
    else:
        chance = mix(zlib.crc32(base.encode()), zlib.crc32(quote.encode()))
        price_digits = 4 if quote in _MONEY else 8
        amount_digits = chance % 4
        start = 4 * REACH + (chance >> 8) % 200_000
        lots = 50 * 10**amount_digits
    return Instrument(symbol, base, quote, price_digits, amount_digits, start, lots)
