"""What Binance's futures have and spot has not: contract terms, one update counter, trades outside the book.

Shared by streams and REST, so that both agree.
"""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import structs

from ...instruments import Instrument, instrument
from ...market import Order
from .market import pair

__all__ = [
    "FAR_AWAY",
    "agg_id",
    "coin_contract",
    "delivery_ms",
    "order_of_agg_id",
    "outside",
    "update_id",
    "usd_contract",
]

FAR_AWAY = 4_133_404_800_000
"""The delivery date (ms) of perpetual contracts."""

_APART = 41  # one order in so many is outside the book
_OUTSIDE = ("INSURANCE_FUND", "ADL", "NA")


def usd_contract(symbol: str) -> Instrument:
    """The instrument BTCUSDT or BTCUSDT_261225. Raises ValueError for any other spelling."""
    name, dash, date = symbol.partition("_")
    found = pair(name, "binance_futures")
    if dash and not (date.isdecimal() and len(date) == 6):
        raise ValueError(f"symbol {symbol!r}: binance_futures spells contracts like BTCUSDT_261225")
    return structs.replace(found, symbol=symbol)


def coin_contract(symbol: str) -> Instrument:
    """The instrument BTCUSD_PERP or BTCUSD_261225, in contracts. Raises ValueError for any other spelling."""
    name, _, date = symbol.partition("_")
    base = name.removesuffix("USD")
    if base in ("", name) or not base.isalnum() or not base.isupper() or not _is_term(date):
        raise ValueError(f"symbol {symbol!r}: binance_delivery spells contracts like BTCUSD_PERP")
    return structs.replace(instrument(symbol, base, "USD"), amount_digits=0, usual_lots=900)


def delivery_ms(symbol: str) -> int:
    """When a contract is delivered, at 08:00 UTC of the day its symbol names."""
    date = symbol.partition("_")[2]
    if not date.isdecimal():
        return FAR_AWAY
    day = datetime.strptime(date, "%y%m%d").replace(tzinfo=UTC, hour=8)
    return int(day.timestamp()) * 1000


def update_id(update: int) -> int:
    """The exchange's id of a book update: all symbols share one counter, so that ids skip within one."""
    return update * 4 + 3


def outside(order: Order) -> str | None:
    """Why an order did not trade in the book: the insurance fund took it over, or its ids are unused (NA)."""
    turn, rest = divmod(order.id, _APART)
    return None if rest else _OUTSIDE[turn % len(_OUTSIDE)]


def agg_id(order: int) -> int:
    """The aggregate trade id of an order; only orders that traded in the book are counted."""
    return order - order // _APART


def order_of_agg_id(number: int) -> int:
    """The order that an aggregate trade id stands for."""
    return number + (number - 1) // (_APART - 1)


def _is_term(date: str) -> bool:
    return date == "PERP" or (date.isdecimal() and len(date) == 6)
