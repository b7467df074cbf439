"""Gemini's REST answers: symbols, books, and the first trades after a time or an id.

Source: developer.gemini.com/trading/rest-api, "Market Data"; trades are kept for seven days.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...budget import WeightBudget
from ...instruments import Instrument
from ...market import Market
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest

__all__ = ["GeminiRest", "number", "pair"]

_QUOTES = ("gusd", "usdc", "usdt", "usd", "eur", "gbp", "btc", "eth")
_REQUESTS_PER_MINUTE = 120
_MILLISECOND = 10**6
_KEPT_NS = 7 * 24 * 3600 * 10**9
_MOST_TRADES = 500
_SECONDS_BELOW = 10**11  # a time in milliseconds is larger


def pair(symbol: str) -> tuple[str, str]:
    """The base and the quote of a symbol. Raises ValueError for an unknown name."""
    name = symbol.removesuffix("perp")
    quote = next((each for each in _QUOTES if name.endswith(each) and name != each), None)
    if quote is None or symbol != symbol.lower() or not symbol.isalnum():
        raise ValueError(f"symbol {symbol!r}: gemini spells symbols like btcusd")
    return name.removesuffix(quote).upper(), quote.upper()


def number(market: Market, place: int, counted: int) -> int:
    """The number of an instrument's update or trade among those of all instruments."""
    return counted * len(market.instruments) + place


class GeminiRest:
    """Answers GETs below ``/v1``."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._budget = WeightBudget(_REQUESTS_PER_MINUTE)

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request, within 120 of them a minute."""
        if self._budget.spend(1, now_ns) is not None:
            return _refusal("RateLimit", "Requests were made too frequently", 429)
        match request.path.strip("/").split("/"):
            case ["v1", "symbols"]:
                return HttpAnswer.json(list(self._places))
            case ["v1", "symbols", "details", symbol] if symbol.lower() in self._places:
                place = self._places[symbol.lower()]
                return HttpAnswer.json(_details(self._market.instruments[place], self._notations[place]))
            case ["v1", "book", symbol] if symbol.lower() in self._places:
                return self._book(self._places[symbol.lower()], request, step)
            case ["v1", "trades", symbol] if symbol.lower() in self._places:
                return self._trades(self._places[symbol.lower()], request, step, now_ns)
            case ["v1", "book" | "trades", symbol]:
                return _refusal("InvalidSymbol", f"Received a bad symbol: {symbol}", 400)
        return _refusal("EndpointNotFound", "API entry point was not found", 404)

    def _book(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        update, notation = self._market.update_at(place, step), self._notations[place]
        limits = (int(request.query.get(f"limit_{side}", "50")) or None for side in ("bids", "asks"))
        bids, asks = (
            [
                {"price": notation.price(price), "amount": notation.amount(amount), "timestamp": "0"}
                for price, amount in levels[:limit]
            ]
            for levels, limit in zip(self._market.books[place].levels(update), limits, strict=True)
        )
        return HttpAnswer.json({"bids": bids, "asks": asks})

    def _trades(self, place: int, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """The first trades after a time or an id, otherwise the last ones; the newest first."""
        wishes = {name: request.query.get(name) for name in ("timestamp", "since_tid", "limit_trades")}
        if any(text is not None and not text.isdecimal() for text in wishes.values()):
            return _refusal("MalformedRequest", "numbers expected", 400)
        after, since, limit = (int(text) if text else None for text in wishes.values())
        market = self._market
        most = min(limit or 50, _MOST_TRADES)
        newest = market.order(place, market.last_order(place, step)).last
        oldest = self._first_after(place, now_ns - _KEPT_NS)
        if since is not None:
            first = max(oldest, since // len(market.instruments) + 1)
        elif after is not None:
            milliseconds = after * 1000 if after < _SECONDS_BELOW else after
            first = max(oldest, self._first_after(place, (milliseconds + 1) * _MILLISECOND - 1))
        else:
            first = max(oldest, newest - most + 1)
        numbers = range(first, min(newest, first + most - 1) + 1)
        return HttpAnswer.json([self._trade(place, each) for each in reversed(numbers)])

    def _first_after(self, place: int, time_ns: int) -> int:
        market = self._market
        order = max(market.first_order(place), market.last_order(place, market.step_at(time_ns)) + 1)
        return market.first_fill(order)

    def _trade(self, place: int, trade: int) -> dict[str, object]:
        order, notation = self._market.order(place, self._market.order_of_fill(trade)), self._notations[place]
        return {
            "timestamp": order.time_ns // 10**9,
            "timestampms": order.time_ns // _MILLISECOND,
            "tid": number(self._market, place, trade),
            "price": notation.price(order.price),
            "amount": notation.amount(order.fills[trade - order.first].amount),
            "exchange": "gemini",
            "type": "buy" if order.buy else "sell",
        }


def _details(instrument: Instrument, notation: Notation) -> dict[str, object]:
    swap = instrument.symbol.endswith("perp")
    return {
        "symbol": instrument.symbol.upper(),
        "base_currency": instrument.base,
        "quote_currency": instrument.quote,
        "tick_size": float(notation.amount(1)),
        "quote_increment": float(notation.price(1)),
        "min_order_size": notation.amount(1),
        "status": "open",
        "product_type": "swap" if swap else "spot",
        "contract_type": "linear" if swap else "vanilla",
    }


def _refusal(reason: str, message: str, status: int) -> HttpAnswer:
    return HttpAnswer.json({"result": "error", "reason": reason, "message": message}, status=status)
