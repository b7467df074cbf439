"""Hyperliquid's notation: numbers as texts, lists of instruments, asset contexts."""

from __future__ import annotations

from typing import Any

from ...book import Levels
from ...contracts import contract
from ...instruments import Instrument
from ...market import Fill, Market, Order
from ...noise import mix
from ...notation import Notation

__all__ = ["DEPTH", "MILLISECOND", "Texts", "is_spot", "trade_id"]

MILLISECOND = 10**6
DEPTH = 20
_TRADE_KEY = 0x7A1D


def is_spot(symbol: str) -> bool:
    """Spot pairs are named ``PURR/USDC`` or by number, ``@107``."""
    return "/" in symbol or symbol.startswith("@")


def trade_id(place: int, fill: int) -> int:
    """The id of a trade: unique, without an order."""
    return mix(_TRADE_KEY + place, fill) % 10**15


class Texts:
    """The values of all messages of a market."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)

    def book(self, place: int, update: int, now_ns: int) -> dict[str, Any]:
        """The best 20 levels per side."""
        sides = self._market.books[place].levels(update, DEPTH)
        return {
            "coin": self._market.instruments[place].symbol,
            "time": now_ns // MILLISECOND,
            "levels": [self._levels(place, side) for side in sides],
        }

    def bbo(self, place: int, update: int, now_ns: int) -> dict[str, Any]:
        """The best bid and ask."""
        top = self._market.books[place].top(update)
        sides = [(top.bid, top.bid_amount)], [(top.ask, top.ask_amount)]
        return {
            "coin": self._market.instruments[place].symbol,
            "time": now_ns // MILLISECOND,
            "bbo": [self._levels(place, side)[0] for side in sides],
        }

    def trade(self, place: int, order: Order, fill: Fill) -> dict[str, Any]:
        """One trade; all trades of an order share its hash."""
        notation = self._notations[place]
        return {
            "coin": self._market.instruments[place].symbol,
            "side": "B" if order.buy else "A",
            "px": notation.price(order.price),
            "sz": notation.amount(fill.amount),
            "time": order.time_ns // MILLISECOND,
            "hash": f"0x{mix(place, order.id):064x}",
            "tid": trade_id(place, fill.id),
            "users": [f"0x{mix(user, order.id):040x}" for user in (1, 2)],
        }

    def recent(self, place: int, step: int, count: int) -> list[dict[str, Any]]:
        """The newest trades, in ascending order."""
        found: list[dict[str, Any]] = []
        number = self._market.last_order(place, step)
        while len(found) < count and number >= self._market.first_order(place):
            order = self._market.order(place, number)
            found = [self.trade(place, order, fill) for fill in order.fills] + found
            number -= 1
        return found[-count:]

    def context(self, place: int, step: int) -> dict[str, Any]:
        """An asset's context: spot pairs have no funding, open interest or oracle price."""
        now, notation = contract(self._market, place, step), self._notations[place]
        mark = notation.price(now.mark)
        told = {"dayNtlVlm": "1000.0", "prevDayPx": mark, "markPx": mark, "midPx": mark}
        if is_spot(self._market.instruments[place].symbol):
            return {**told, "circulatingSupply": "1000000.0"}
        return {
            **told,
            "funding": f"{now.funding_rate / 10**8:.8f}",
            "openInterest": notation.amount(now.open_interest),
            "premium": "0.0",
            "oraclePx": notation.price(now.index),
            "impactPxs": [mark, mark],
            "dayBaseVlm": "1000.0",
        }

    def meta(self) -> dict[str, Any]:
        """The perpetuals."""
        universe = [
            {"name": each.symbol, "szDecimals": each.amount_digits, "maxLeverage": 50}
            for each in self._market.instruments
            if not is_spot(each.symbol)
        ]
        return {"universe": universe, "marginTables": []}

    def spot_meta(self) -> dict[str, Any]:
        """The spot pairs, and their tokens by number: USDC, then the base of each."""
        spot = [each for each in self._market.instruments if is_spot(each.symbol)]
        tokens = [_token(0, "USDC", 8)] + [
            _token(number, each.base, each.amount_digits) for number, each in enumerate(spot, start=1)
        ]
        universe = [
            {"name": each.symbol, "tokens": [number, 0], "index": number - 1, "isCanonical": True}
            for number, each in enumerate(spot, start=1)
        ]
        return {"universe": universe, "tokens": tokens}

    def contexts(self, step: int, *, spot: bool) -> list[dict[str, Any]]:
        """The contexts of all perpetuals or of all spot pairs."""
        instruments: tuple[Instrument, ...] = self._market.instruments
        return [
            self.context(place, step)
            for place, each in enumerate(instruments)
            if is_spot(each.symbol) == spot
        ]

    def _levels(self, place: int, side: Levels) -> list[dict[str, Any]]:
        notation = self._notations[place]
        return [
            {"px": notation.price(price), "sz": notation.amount(lots), "n": 1 + lots % 5}
            for price, lots in side
        ]


def _token(number: int, name: str, decimals: int) -> dict[str, Any]:
    return {"name": name, "szDecimals": decimals, "weiDecimals": 8, "index": number, "isCanonical": True}
