"""Coinbase Exchange's REST answers: products, books and trades, by the same ids as the feed.

Source: docs.cdp.coinbase.com, exchange/reference: products, book, trades and pagination by cursors.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...market import Market, Order
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest
from .text import currency, product, sequence, time_text

__all__ = ["CoinbaseExchangeRest", "Day"]

_DAY_NS = 24 * 3600 * 10**9
_MOST_TRADES = 1000
_HOURS = range(25)


class Day(Struct, frozen=True):
    """The last 24 hours of a product, sampled once an hour: prices in ticks, the volume in lots."""

    open: int
    low: int
    high: int
    volume: int


class CoinbaseExchangeRest:
    """Answers GETs of public data."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._days: dict[int, tuple[int, Day]] = {}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        match request.path.strip("/").split("/"):
            case ["time"]:
                return HttpAnswer.json({"iso": time_text(now_ns), "epoch": now_ns / 10**9})
            case ["currencies"]:
                names = {name for each in self._market.instruments for name in (each.base, each.quote)}
                return HttpAnswer.json([currency(name) for name in sorted(names)])
            case ["products"]:
                return HttpAnswer.json([self._product(place) for place in self._places.values()])
            case ["products", symbol] if symbol in self._places:
                return HttpAnswer.json(self._product(self._places[symbol]))
            case ["products", symbol, "book"] if symbol in self._places:
                return self._book(self._places[symbol], request, step)
            case ["products", symbol, "trades"] if symbol in self._places:
                return self._trades(self._places[symbol], request, step)
        return HttpAnswer.json({"message": "NotFound"}, status=404)

    def day(self, place: int, last: Order) -> Day:
        """The 24 hours before an order; recomputed once an hour."""
        hour = last.time_ns // (_DAY_NS // 24)
        known = self._days.get(place)
        if known is None or known[0] != hour:
            known = self._days[place] = (hour, self._look_back(place, last.time_ns))
        return known[1]

    def _look_back(self, place: int, time_ns: int) -> Day:
        steps = [self._market.step_at(time_ns - hour * _DAY_NS // 24) for hour in reversed(_HOURS)]
        middles = [self._market.books[place].middle(self._market.update_at(place, step)) for step in steps]
        numbers = [self._market.last_order(place, step) for step in steps]
        mean = sum(self._market.order(place, number).amount for number in numbers) // len(numbers)
        return Day(middles[0], min(middles), max(middles), mean * (numbers[-1] - numbers[0]))

    def _product(self, place: int) -> dict[str, object]:
        return product(self._market.instruments[place], self._notations[place])

    def _book(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        level = request.query.get("level", "1")
        if level not in ("1", "2"):
            return HttpAnswer.json({"message": "Invalid level"}, status=400)
        notation, update = self._notations[place], self._market.update_at(place, step)
        sides = self._market.books[place].levels(update, 1 if level == "1" else None)
        # the last number counts the orders of a level; the market has one per level
        bids, asks = ([[notation.price(p), notation.amount(a), 1] for p, a in side] for side in sides)
        when = time_text(self._market.time_of(step))
        return HttpAnswer.json({"bids": bids, "asks": asks, "sequence": sequence(update), "time": when})

    def _trades(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        """Trades, the newest first: ``after`` an id are older ones, ``before`` it newer ones."""
        numbers = {name: request.query.get(name) for name in ("limit", "before", "after")}
        if any(text is not None and not text.isdecimal() for text in numbers.values()):
            return HttpAnswer.json({"message": "Invalid limit, before or after"}, status=400)
        limit, before, after = (int(text) if text else None for text in numbers.values())
        market = self._market
        newest = market.order(place, market.last_order(place, step)).last
        oldest = market.first_fill(market.first_order(place))
        last = newest if after is None else min(newest, after - 1)
        first = max(last - min(limit or _MOST_TRADES, _MOST_TRADES) + 1, oldest, (before or 0) + 1)
        if first > last:
            return HttpAnswer.json([])
        orders = range(market.order_of_fill(last), market.order_of_fill(first) - 1, -1)
        rows = [
            row for number in orders for row in self._rows(place, market.order(place, number), first, last)
        ]
        return HttpAnswer.json(rows, headers={"CB-BEFORE": str(last), "CB-AFTER": str(first)})

    def _rows(self, place: int, order: Order, first: int, last: int) -> list[dict[str, object]]:
        notation = self._notations[place]
        return [
            {
                "trade_id": fill.id,
                "side": "sell" if order.buy else "buy",
                "size": notation.amount(fill.amount),
                "price": notation.price(order.price),
                "time": time_text(order.time_ns),
            }
            for fill in reversed(order.fills)
            if first <= fill.id <= last
        ]
