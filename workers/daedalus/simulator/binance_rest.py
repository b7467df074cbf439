"""Binance's REST answers: books, trades and what there is to trade, by the same ids as the streams.

Source: binance-spot-api-docs, rest-api.md: weights, limits and the shapes of answers and errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from daedalus.simulator.budget import WeightBudget
from daedalus.simulator.instruments import Instrument
from daedalus.simulator.market import Fill, Market, Order
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import HttpAnswer, HttpRequest

__all__ = ["PLACES", "BinanceRest"]

PLACES = 8
"""Binance writes every number with so many digits behind the point."""

_WEIGHT_PER_MINUTE = 6000
_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1000, 50), (5000, 250))
_MILLISECOND = 10**6


class _RequestError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


class BinanceRest:
    """Answers GETs below ``/api/v3``. Orders of the market are aggregate trades here, fills are trades."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._budget = WeightBudget(_WEIGHT_PER_MINUTE)
        self._routes: dict[str, tuple[Callable[[HttpRequest, int, int], HttpAnswer], int]] = {
            "/api/v3/ping": (self._ping, 1),
            "/api/v3/time": (self._time, 1),
            "/api/v3/exchangeInfo": (self._exchange_info, 20),
            "/api/v3/depth": (self._depth, 0),
            "/api/v3/aggTrades": (self._agg_trades, 4),
            "/api/v3/trades": (self._trades, 25),
            "/api/v3/historicalTrades": (self._trades, 25),
        }

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request within the weight that is left for this minute."""
        route = self._routes.get(request.path)
        if route is None:
            return HttpAnswer(b"", status=404)
        reply, weight = route
        try:
            wait = self._budget.spend(weight or _depth_weight(_number(request, "limit", 100)), now_ns)
            answer = reply(request, step, now_ns) if wait is None else _too_many(wait)
        except _RequestError as error:
            answer = HttpAnswer.json({"code": error.code, "msg": str(error)}, status=400)
        used = str(self._budget.used)
        headers = {**answer.headers, "X-MBX-USED-WEIGHT": used, "X-MBX-USED-WEIGHT-1M": used}
        return HttpAnswer(answer.body, answer.status, headers)

    def _ping(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return HttpAnswer.json({})

    def _time(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return HttpAnswer.json({"serverTime": now_ns // _MILLISECOND})

    def _exchange_info(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        asked = request.query.get("symbol") or request.query.get("symbols", "")
        names = [name for name in asked.strip("[]").replace('"', "").split(",") if name]
        if any(name not in self._places for name in names):
            raise _RequestError(-1121, "Invalid symbol.")
        limit = {
            "rateLimitType": "REQUEST_WEIGHT",
            "interval": "MINUTE",
            "intervalNum": 1,
            "limit": _WEIGHT_PER_MINUTE,
        }
        return HttpAnswer.json(
            {
                "timezone": "UTC",
                "serverTime": now_ns // _MILLISECOND,
                "rateLimits": [limit],
                "exchangeFilters": [],
                "symbols": [
                    _symbol_info(self._market.instruments[place], self._notations[place])
                    for place in (map(self._places.__getitem__, names) if names else self._places.values())
                ],
            }
        )

    def _depth(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        place = self._place(request)
        update = self._market.update_at(place, step)
        bids, asks = self._market.books[place].levels(update, min(_number(request, "limit", 100), 5000))
        levels = self._notations[place].levels
        return HttpAnswer(f'{{"lastUpdateId":{update},"bids":{levels(bids)},"asks":{levels(asks)}}}'.encode())

    def _agg_trades(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        place, limit = self._place(request), _limit(request)
        last = self._market.last_order(place, step)
        first = max(_number(request, "fromId", last - limit + 1), self._market.first_order(place))
        orders = (
            self._market.order(place, order) for order in range(first, min(first + limit - 1, last) + 1)
        )
        return HttpAnswer.json([self._agg_trade(place, order) for order in orders])

    def _agg_trade(self, place: int, order: Order) -> dict[str, object]:
        notation = self._notations[place]
        return {
            "a": order.id,
            "p": notation.price(order.price),
            "q": notation.amount(order.amount),
            "f": order.first,
            "l": order.last,
            "T": order.time_ns // _MILLISECOND,
            "m": not order.buy,
            "M": True,
        }

    def _trades(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        place, limit = self._place(request), _limit(request)
        newest = self._market.order(place, self._market.last_order(place, step)).last
        # only historicalTrades knows fromId; trades gives the newest
        asked = request.path == "/api/v3/historicalTrades"
        first = _number(request, "fromId", newest - limit + 1) if asked else newest - limit + 1
        first = max(first, self._market.first_fill(self._market.first_order(place)))
        last = min(first + limit - 1, newest)
        orders = range(self._market.order_of_fill(first), self._market.order_of_fill(last) + 1)
        trades = [
            self._trade(place, order, fill)
            for order in map(partial(self._market.order, place), orders)
            for fill in order.fills
            if first <= fill.id <= last
        ]
        return HttpAnswer.json(trades)

    def _trade(self, place: int, order: Order, fill: Fill) -> dict[str, object]:
        notation, instrument = self._notations[place], self._market.instruments[place]
        scale = 10 ** (instrument.price_digits + instrument.amount_digits)
        return {
            "id": fill.id,
            "price": notation.price(order.price),
            "qty": notation.amount(fill.amount),
            "quoteQty": "{}.{:08d}".format(*divmod(order.price * fill.amount * 10**8 // scale, 10**8)),
            "time": order.time_ns // _MILLISECOND,
            "isBuyerMaker": not order.buy,
            "isBestMatch": True,
        }

    def _place(self, request: HttpRequest) -> int:
        symbol = request.query.get("symbol")
        if not symbol:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise _RequestError(-1102, text)
        if symbol not in self._places:
            raise _RequestError(-1121, "Invalid symbol.")
        return self._places[symbol]


def _depth_weight(limit: int) -> int:
    return next((weight for most, weight in _DEPTH_WEIGHTS if limit <= most), _DEPTH_WEIGHTS[-1][1])


def _limit(request: HttpRequest) -> int:
    return min(max(_number(request, "limit", 500), 1), 1000)


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise _RequestError(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)


def _too_many(wait: int) -> HttpAnswer:
    text = (
        f"Too much request weight used; current limit is {_WEIGHT_PER_MINUTE} request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API."
    )
    return HttpAnswer.json({"code": -1003, "msg": text}, status=429, headers={"Retry-After": str(wait)})


def _symbol_info(instrument: Instrument, notation: Notation) -> dict[str, object]:
    tick, lot = notation.price(1), notation.amount(1)
    many = notation.amount(10 ** (instrument.amount_digits + 4))
    return {
        "symbol": instrument.symbol,
        "status": "TRADING",
        "baseAsset": instrument.base,
        "baseAssetPrecision": PLACES,
        "quoteAsset": instrument.quote,
        "quotePrecision": PLACES,
        "quoteAssetPrecision": PLACES,
        "baseCommissionPrecision": PLACES,
        "quoteCommissionPrecision": PLACES,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": tick,
                "maxPrice": notation.price(instrument.start_ticks * 100),
                "tickSize": tick,
            },
            {"filterType": "LOT_SIZE", "minQty": lot, "maxQty": many, "stepSize": lot},
            {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True},
        ],
        "permissions": [],
        "permissionSets": [["SPOT"]],
    }
