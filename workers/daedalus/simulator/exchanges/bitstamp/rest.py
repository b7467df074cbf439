"""Bitstamp's REST answers: books, the trades of the last minute, hour or day, and markets.

Source: www.bitstamp.net/api. The book lags behind the stream, by published measurements.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...instruments import Instrument
from ...market import Market
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest

__all__ = ["BitstampRest", "pair", "trade_id"]

_QUOTES = ("usdt", "usdc", "usd", "eur", "gbp", "btc", "eth")
_LAG_NS = 500 * 10**6
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
_MOST_TRADES = 20_000
"""The most trades of an answer: less than a busy day, so that no answer takes seconds."""


def pair(symbol: str) -> tuple[str, str]:
    """The base and the quote of a market's name. Raises ValueError for an unknown name."""
    quote = next((each for each in _QUOTES if symbol.endswith(each) and symbol != each), None)
    if quote is None or symbol != symbol.lower() or not symbol.isalnum():
        raise ValueError(f"symbol {symbol!r}: bitstamp spells markets like btcusd")
    return symbol.removesuffix(quote).upper(), quote.upper()


def trade_id(market: Market, place: int, fill: int) -> int:
    """A trade's id: all markets share one count, so that ids skip within a market."""
    return fill * len(market.instruments) + place


class BitstampRest:
    """Answers GETs below ``/api/v2``."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        match request.path.strip("/").split("/"):
            case ["api", "v2", "markets"]:
                each = zip(self._market.instruments, self._notations, strict=True)
                return HttpAnswer.json([_market(instrument, notation) for instrument, notation in each])
            case ["api", "v2", "currencies"]:
                names = {name for each in self._market.instruments for name in (each.base, each.quote)}
                return HttpAnswer.json([_currency(name) for name in sorted(names)])
            case ["api", "v2", "order_book", symbol] if symbol in self._places:
                return self._book(self._places[symbol], step)
            case ["api", "v2", "transactions", symbol] if symbol in self._places:
                return self._transactions(self._places[symbol], request, step, now_ns)
        return HttpAnswer.json({"status": "error", "reason": "Not found", "code": "API0002"}, status=404)

    def _book(self, place: int, step: int) -> HttpAnswer:
        """The book as of the newest published change, half a second ago."""
        market, many = self._market, len(self._market.instruments)
        then = market.step_at(market.time_of(step) - _LAG_NS)
        then -= (then - place) % many  # this instrument's own last step
        update = market.update_at(place, then)
        since = update % market.diff_every
        then, update = then - since * many, update - since
        bids, asks = market.books[place].levels(update)
        levels, time = self._notations[place].levels, market.time_of(then) // 1000
        return HttpAnswer(
            f'{{"timestamp":"{time // 10**6}","microtimestamp":"{time}","bids":{levels(bids)},'
            f'"asks":{levels(asks)}}}'.encode()
        )

    def _transactions(self, place: int, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        seconds = _SECONDS.get(request.query.get("time", "hour"))
        if seconds is None:
            return HttpAnswer.json({"status": "error", "reason": "Invalid time"}, status=400)
        market, notation = self._market, self._notations[place]
        last = market.last_order(place, step)
        first = max(market.first_order(place), last - _MOST_TRADES)
        rows: list[dict[str, str]] = []
        for number in range(last, first - 1, -1):
            order = market.order(place, number)
            if order.time_ns < now_ns - seconds * 10**9 or len(rows) >= _MOST_TRADES:
                break
            rows += [
                {
                    "date": str(order.time_ns // 10**9),
                    "tid": str(trade_id(market, place, fill.id)),
                    "price": notation.price(order.price),
                    "type": "0" if order.buy else "1",
                    "amount": notation.amount(fill.amount),
                }
                for fill in reversed(order.fills)
            ]
        return HttpAnswer.json(rows)


def _market(instrument: Instrument, notation: Notation) -> dict[str, object]:
    return {
        "name": f"{instrument.base}/{instrument.quote}",
        "market_symbol": instrument.symbol,
        "base_currency": instrument.base,
        "base_decimals": instrument.amount_digits,
        "counter_currency": instrument.quote,
        "counter_decimals": instrument.price_digits,
        "minimum_order_value": "10",
        "minimum_order_amount": notation.amount(1),
        "trading": "Enabled",
        "instant_order_counter_decimals": 2,
        "instant_and_market_orders": "Enabled",
        "description": f"{instrument.base} / {instrument.quote}",
        "market_type": "SPOT",
    }


def _currency(name: str) -> dict[str, object]:
    return {
        "name": name,
        "currency": name,
        "type": "crypto",
        "symbol": "",
        "decimals": 8,
        "available_supply": "0",
        "deposit": "Enabled",
        "withdrawal": "Enabled",
        "networks": [],
    }
