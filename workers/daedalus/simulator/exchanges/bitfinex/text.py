"""Bitfinex's notation: numbers as in JavaScript, books as [price, count, amount], checksums of both."""

from __future__ import annotations

import zlib
from itertools import zip_longest

from ...book import Levels
from ...instruments import Instrument
from ...market import Fill, Order

__all__ = ["MILLISECOND", "checksum", "level", "levels", "number", "raw_orders", "trade"]

MILLISECOND = 10**6
_CHECKED = 25
_SMALLEST_PLAIN = -6  # 0.000001; below it JavaScript writes 5.6e-7


def number(units: int, digits: int) -> str:
    """``units * 10 ** -digits`` as JavaScript writes it: ``0.45``, ``278200``, ``5.6e-7``."""
    if units < 0:
        return f"-{number(-units, digits)}"
    text = str(units)
    exponent = len(text) - 1 - digits
    if units and exponent < _SMALLEST_PLAIN:
        first, rest = text[0], text[1:].rstrip("0")
        return f"{first}{'.' if rest else ''}{rest}e{exponent}"
    whole, fraction = divmod(units, 10**digits)
    places = str(fraction).rjust(digits, "0").rstrip("0") if digits else ""
    return f"{whole}.{places}" if places else str(whole)


def level(each: Instrument, price: int, lots: int, sign: int) -> str:
    """One level. A removed level has the amount 1 or -1, whose sign tells the side."""
    if not lots:
        return f"[{number(price, each.price_digits)},0,{sign}]"
    count = 1 + lots % 3
    return f"[{number(price, each.price_digits)},{count},{number(sign * lots, each.amount_digits)}]"


def levels(each: Instrument, sides: tuple[Levels, Levels]) -> list[str]:
    """Bids, then asks, each from the best."""
    return [
        level(each, price, lots, sign)
        for sign, side in zip((1, -1), sides, strict=True)
        for price, lots in side
    ]


def raw_orders(each: Instrument, sides: tuple[Levels, Levels]) -> list[str]:
    """The raw book: here each level is one order, with its price as id."""
    return [
        f"[{price},{number(price, each.price_digits)},{number(sign * lots, each.amount_digits)}]"
        for sign, side in zip((1, -1), sides, strict=True)
        for price, lots in side
    ]


def checksum(each: Instrument, sides: tuple[Levels, Levels]) -> int:
    """The signed CRC-32 of the best 25 levels of both sides in turn."""
    signed = [
        [(price, sign * lots) for price, lots in side[:_CHECKED]]
        for sign, side in zip((1, -1), sides, strict=True)
    ]
    told = (each_side for pair in zip_longest(*signed) for each_side in pair if each_side is not None)
    text = ":".join(
        f"{number(price, each.price_digits)}:{number(lots, each.amount_digits)}" for price, lots in told
    )
    value = zlib.crc32(text.encode())
    return value - 2**32 if value >= 2**31 else value


def trade(each: Instrument, order: Order, fill: Fill) -> str:
    """[id, ms, amount, price]: the amount is negative where the taker sold."""
    amount = number(fill.amount if order.buy else -fill.amount, each.amount_digits)
    price = number(order.price, each.price_digits)
    return f"[{fill.id},{order.time_ns // MILLISECOND},{amount},{price}]"
