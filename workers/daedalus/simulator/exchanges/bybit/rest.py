"""Bybit's REST answers: the time, instruments, books and the newest trades.

Source: bybit-exchange.github.io/docs/v5/market. Contracts are listed in pages, pairs all at once. Refusals
are worded as documented, where they are ("params error: ...", 10001).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...market import Market
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest
from .text import MILLISECOND, trade_id

__all__ = ["BybitRest"]

_REQUESTS = 600
_WINDOW_NS = 5 * 10**9
_NEWEST = {"spot": 60}


class _RequestError(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


class BybitRest:
    """Answers GETs of public data of one category."""

    def __init__(self, market: Market, notations: Sequence[Notation], category: str, diff_every: int) -> None:
        self._market = market
        self._notations = notations
        self._category = category
        self._diff_every = diff_every
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._window = self._requests = 0

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        if self._too_many(now_ns):
            return HttpAnswer.json({"retCode": 10006, "retMsg": "403, access too frequent"}, status=403)
        result: dict[str, object]
        try:
            match request.path:
                case "/v5/market/time":
                    result = {"timeSecond": str(now_ns // 10**9), "timeNano": str(now_ns)}
                case "/v5/market/instruments-info":
                    result = self._instruments(request)
                case "/v5/market/recent-trade":
                    result = self._trades(request, step)
                case "/v5/market/orderbook":
                    result = self._book(request, step)
                case _:
                    return HttpAnswer(b"", status=404)
        except _RequestError as error:
            return _answer(error.code, error.text, {}, now_ns)
        return _answer(0, "OK", result, now_ns)

    def _too_many(self, now_ns: int) -> bool:
        if now_ns // _WINDOW_NS != self._window:
            self._window, self._requests = now_ns // _WINDOW_NS, 0
        self._requests += 1
        return self._requests > _REQUESTS

    def _instruments(self, request: HttpRequest) -> dict[str, object]:
        self._check_category(request)
        symbol = request.query.get("symbol")
        places = [self._place(request)] if symbol else list(self._places.values())
        if request.query.get("status", "Trading") != "Trading":
            places = []
        if self._category == "spot":
            return {"category": "spot", "list": [self._pair(place) for place in places]}
        limit = min(_number(request, "limit", 500), 1000)
        start = _number(request, "cursor", 0)
        cursor = str(start + limit) if start + limit < len(places) else ""
        rows = [self._contract(place) for place in places[start : start + limit]]
        return {"category": self._category, "list": rows, "nextPageCursor": cursor}

    def _pair(self, place: int) -> dict[str, object]:
        each, notation = self._market.instruments[place], self._notations[place]
        return {
            "symbol": each.symbol,
            "baseCoin": each.base,
            "quoteCoin": each.quote,
            "innovation": "0",
            "status": "Trading",
            "marginTrading": "utaOnly",
            "stTag": "0",
            "lotSizeFilter": {
                "basePrecision": notation.amount(1),
                "quotePrecision": "0.0000001",
                "minOrderQty": notation.amount(1),
                "maxOrderQty": notation.amount(10 ** (each.amount_digits + 4)),
                "minOrderAmt": "5",
                "maxOrderAmt": "8000000",
            },
            "priceFilter": {"tickSize": notation.price(1)},
            "riskParameters": {"priceLimitRatioX": "0.005", "priceLimitRatioY": "0.01"},
            "symbolType": "",
        }

    def _contract(self, place: int) -> dict[str, object]:
        each, notation = self._market.instruments[place], self._notations[place]
        return {
            "symbol": each.symbol,
            "symbolId": place + 1,
            "contractType": "LinearPerpetual",
            "status": "Trading",
            "baseCoin": each.base,
            "quoteCoin": each.quote,
            "launchTime": "1585526400000",
            "deliveryTime": "0",
            "deliveryFeeRate": "",
            "priceScale": str(each.price_digits),
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
            "priceFilter": {
                "minPrice": notation.price(1),
                "maxPrice": notation.price(each.start_ticks * 100),
                "tickSize": notation.price(1),
            },
            "lotSizeFilter": {
                "maxOrderQty": notation.amount(10 ** (each.amount_digits + 4)),
                "minOrderQty": notation.amount(1),
                "qtyStep": notation.amount(1),
                "minNotionalValue": "5",
            },
            "unifiedMarginTrade": True,
            "fundingInterval": 480,
            "settleCoin": each.quote,
            "copyTrading": "both",
            "isPreListing": False,
            "preListingInfo": None,
            "symbolType": "",
        }

    def _trades(self, request: HttpRequest, step: int) -> dict[str, object]:
        """The newest first; older ones cannot be asked for."""
        self._check_category(request)
        place = self._place(request)
        most = _NEWEST.get(self._category, 1000)
        limit = min(_number(request, "limit", min(most, 500)), most)
        market, symbol, notation = self._market, request.query["symbol"], self._notations[place]
        rows: list[dict[str, object]] = []
        number = market.last_order(place, step)
        while len(rows) < limit and number >= market.first_order(place):
            order = market.order(place, number)
            rows += [
                {
                    "execId": trade_id(self._category, symbol, fill.id),
                    "symbol": symbol,
                    "price": notation.price(order.price),
                    "size": notation.amount(fill.amount),
                    "side": "Buy" if order.buy else "Sell",
                    "time": str(order.time_ns // MILLISECOND),
                    "isBlockTrade": False,
                }
                for fill in reversed(order.fills)
            ]
            number -= 1
        return {"category": self._category, "list": rows[:limit]}

    def _book(self, request: HttpRequest, step: int) -> dict[str, object]:
        self._check_category(request)
        place = self._place(request)
        number = self._market.update_at(place, step) // self._diff_every
        update = number * self._diff_every
        sides = self._market.books[place].levels(update, min(_number(request, "limit", 25), 1000))
        notation, milliseconds = self._notations[place], self._market.time_of(step) // MILLISECOND
        bids, asks = ([[notation.price(p), notation.amount(a)] for p, a in side] for side in sides)
        return {
            "s": request.query["symbol"],
            "b": bids,
            "a": asks,
            "ts": milliseconds,
            "u": number,
            "seq": update,
            "cts": milliseconds,
        }

    def _check_category(self, request: HttpRequest) -> None:
        if request.query.get("category") != self._category:
            raise _RequestError(10001, "params error: Category is invalid")

    def _place(self, request: HttpRequest) -> int:
        place = self._places.get(request.query.get("symbol", ""))
        if place is None:
            raise _RequestError(10001, "Not supported symbols")
        return place


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.query.get(name, str(default))
    if not text.isdecimal():
        raise _RequestError(10001, f"params error: {name} is invalid")
    return int(text)


def _answer(code: int, text: str, result: dict[str, object], now_ns: int) -> HttpAnswer:
    body = {"retCode": code, "retMsg": text, "result": result, "retExtInfo": {}}
    return HttpAnswer.json({**body, "time": now_ns // MILLISECOND})
