"""Binance's REST answers: books, trades and symbols, with the same ids as the streams.

Source: binance-spot-api-docs, rest-api.md: weights, limits, answers and errors. What differs between
markets is in `spot_rest` and `futures_rest`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import ClassVar

from msgspec import Struct

from ...budget import WeightBudget
from ...market import Fill, Market, Order
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest

__all__ = ["MILLISECOND", "BinanceRest", "Weights"]

MILLISECOND = 10**6


class Weights(Struct, frozen=True):
    """The weights of requests and the budget per minute.

    ``depth``: (levels, weight) in ascending order. ``keyed``: requests that need a key.
    """

    per_minute: int
    depth: tuple[tuple[int, int], ...]
    exchange_info: int
    trades: int
    agg_trades: int
    keyed: frozenset[str] = frozenset()


class _RequestError(Exception):
    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code = code
        self.status = status


class BinanceRest(ABC):
    """Answers GETs below ``api``."""

    api: ClassVar[str]
    weights: ClassVar[Weights]

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._budget = WeightBudget(self.weights.per_minute)
        self._routes: dict[str, tuple[Callable[[HttpRequest, int, int], HttpAnswer], int]] = {
            "ping": (self._ping, 1),
            "time": (self._time, 1),
            "exchangeInfo": (self._exchange_info, self.weights.exchange_info),
            "depth": (self._depth, 0),
            "aggTrades": (self._agg_trades, self.weights.agg_trades),
            "trades": (self._trades, self.weights.trades),
            "historicalTrades": (self._trades, self.weights.trades),
        }

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request within the weight left for this minute."""
        name = request.path.removeprefix(f"{self.api}/")
        route = self._routes.get(name)
        if route is None or request.path == name:
            return HttpAnswer(b"", status=404)
        reply, weight = route
        try:
            wait = self._budget.spend(weight or self._depth_weight(request), now_ns)
            if wait is not None:
                answer = self._too_many(wait)
            elif name in self.weights.keyed:
                raise _RequestError(-2014, "API-key format invalid.", status=401)
            else:
                answer = reply(request, step, now_ns)
        except _RequestError as error:
            answer = HttpAnswer.json({"code": error.code, "msg": str(error)}, status=error.status)
        used = str(self._budget.used)
        headers = {**answer.headers, "X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        return HttpAnswer(answer.body, answer.status, headers)

    @abstractmethod
    def book(self, place: int, update: int, sides: tuple[str, str], step: int) -> str:
        """A book after an update; ``sides`` are its bids and asks."""

    def agg_trade(self, place: int, number: int) -> dict[str, object]:
        """The aggregate trade of an id: an order of the market."""
        order, notation = self._market.order(place, self.order_of_agg(number)), self._notations[place]
        return {
            "a": number,
            "p": notation.price(order.price),
            "q": notation.amount(order.amount),
            "f": order.first,
            "l": order.last,
            "T": order.time_ns // MILLISECOND,
            "m": not order.buy,
        }

    def trade(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        """One trade: a fill of an order of the market."""
        notation = self._notations[place]
        return {
            "id": fill.id,
            "price": notation.price(order.price),
            "qty": notation.amount(fill.amount),
            **self.worth(place, order, fill),
            "time": order.time_ns // MILLISECOND,
            "isBuyerMaker": not order.buy,
        }

    @abstractmethod
    def worth(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        """What a trade is worth in the other currency."""

    @abstractmethod
    def symbol(self, place: int) -> dict[str, object]:
        """What exchangeInfo says of a symbol."""

    def filters(self, place: int) -> list[dict[str, object]]:
        """The steps of prices and amounts, as exchangeInfo says them."""
        instrument, notation = self._market.instruments[place], self._notations[place]
        tick, lot = notation.price(1), notation.amount(1)
        most = notation.price(instrument.start_ticks * 100)
        many = notation.amount(10 ** (instrument.amount_digits + 4))
        return [
            {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": most, "tickSize": tick},
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": many, "stepSize": lot},
        ]

    def order_of_agg(self, number: int) -> int:
        """The market's order that an aggregate trade is."""
        return number

    def agg_numbers(self, place: int, step: int) -> tuple[int, int]:
        """The ids of the first and the last aggregate trade."""
        return self._market.first_order(place), self._market.last_order(place, step)

    def shows(self, order: Order) -> bool:
        """Whether REST serves the trades of an order."""
        return True

    def _ping(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return HttpAnswer.json({})

    def _time(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return HttpAnswer.json({"serverTime": now_ns // MILLISECOND})

    def _exchange_info(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        asked = request.query.get("symbol") or request.query.get("symbols", "")
        names = [name for name in asked.strip("[]").replace('"', "").split(",") if name]
        if any(name not in self._places for name in names):
            raise _RequestError(-1121, "Invalid symbol.")
        limit = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": self.weights.per_minute,
        }
        return HttpAnswer.json(
            {
                "timezone": "UTC",
                "serverTime": now_ns // MILLISECOND,
                "rateLimits": [limit],
                "exchangeFilters": [],
                "symbols": [
                    self.symbol(place)
                    for place in (map(self._places.__getitem__, names) if names else self._places.values())
                ],
            }
        )

    def _depth(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        place = self._place(request)
        update = self._market.update_at(place, step)
        most = min(_number(request, "limit", 100), self.weights.depth[-1][0])
        bids, asks = map(self._notations[place].levels, self._market.books[place].levels(update, most))
        return HttpAnswer(self.book(place, update, (bids, asks), step).encode())

    def _agg_trades(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        place, limit = self._place(request), _limit(request)
        oldest, last = self.agg_numbers(place, step)
        first = max(_number(request, "fromId", last - limit + 1), oldest)
        numbers = range(first, min(first + limit - 1, last) + 1)
        return HttpAnswer.json([self.agg_trade(place, number) for number in numbers])

    def _trades(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """The newest trades; with fromId (historicalTrades only) those from an id on."""
        place, limit = self._place(request), _limit(request)
        newest = self._market.order(place, self._market.last_order(place, step)).last
        if request.path.endswith("/historicalTrades") and "fromId" in request.query:
            first = _number(request, "fromId", 0)
            rows = list(self._shown(place, first, min(first + limit - 1, newest)))
        else:
            spare = limit // 10 + 10  # for trades that are not served
            rows = list(self._shown(place, newest - limit - spare, newest))[-limit:]
        return HttpAnswer.json(rows)

    def _shown(self, place: int, first: int, last: int) -> Iterator[dict[str, object]]:
        """The served trades with these ids, the oldest first."""
        market = self._market
        first = max(first, market.first_fill(market.first_order(place)))
        for number in range(market.order_of_fill(first), market.order_of_fill(last) + 1):
            order = market.order(place, number)
            if self.shows(order):
                yield from (self.trade(place, order, one) for one in order.fills if first <= one.id <= last)

    def _place(self, request: HttpRequest) -> int:
        symbol = request.query.get("symbol")
        if not symbol:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise _RequestError(-1102, text)
        if symbol not in self._places:
            raise _RequestError(-1121, "Invalid symbol.")
        return self._places[symbol]

    def _depth_weight(self, request: HttpRequest) -> int:
        limit, depth = _number(request, "limit", 100), self.weights.depth
        return next((weight for most, weight in depth if limit <= most), depth[-1][1])

    def _too_many(self, wait: int) -> HttpAnswer:
        text = (
            f"Too much request weight used; current limit is {self._budget.per_minute} request weight per "
            "1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API."
        )
        return HttpAnswer.json({"code": -1003, "msg": text}, status=429, headers={"Retry-After": str(wait)})


def _limit(request: HttpRequest) -> int:
    return min(max(_number(request, "limit", 500), 1), 1000)


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise _RequestError(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)
