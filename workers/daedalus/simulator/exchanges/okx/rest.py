"""OKX's REST answers: the time, instruments, books and trades by their ids.

Source: okx.com/docs-v5, "Order Book Trading / Market Data" and "Public Data".
"""

from __future__ import annotations

from collections.abc import Sequence

from ...instruments import Instrument
from ...market import Market, Order
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest

__all__ = ["MILLISECOND", "OkxRest", "kind_of"]

MILLISECOND = 10**6
_REQUESTS = 20
_WINDOW_NS = 2 * 10**9


class _RequestError(Exception):
    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code, self.text = code, text


def kind_of(instrument: Instrument) -> str:
    """The type of an instrument, by its name."""
    return "SWAP" if instrument.symbol.endswith("-SWAP") else "SPOT"


class OkxRest:
    """Answers GETs of public data. Each path is limited to 20 requests in 2 seconds."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._windows: dict[str, tuple[int, int]] = {}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        if self._too_many(request.path, now_ns):
            return HttpAnswer.json({"code": "50011", "msg": "Too Many Requests", "data": []}, status=429)
        data: list[object]
        try:
            match request.path:
                case "/api/v5/public/time":
                    data = [{"ts": str(now_ns // MILLISECOND)}]
                case "/api/v5/public/instruments":
                    data = self._instruments(request)
                case "/api/v5/market/trades":
                    data = self._trades(request, step, 500, None)
                case "/api/v5/market/history-trades":
                    data = self._trades(request, step, 100, request.query.get("after"))
                case "/api/v5/market/books":
                    data = self._book(request, step)
                case _:
                    return HttpAnswer.json({"code": "404", "msg": "Not Found", "data": []}, status=404)
        except _RequestError as error:
            return HttpAnswer.json({"code": error.code, "msg": error.text, "data": []}, status=400)
        return HttpAnswer.json({"code": "0", "msg": "", "data": data})

    def _too_many(self, path: str, now_ns: int) -> bool:
        now = now_ns // _WINDOW_NS
        window, requests = self._windows.get(path, (now, 0))
        requests = requests + 1 if window == now else 1
        self._windows[path] = now, requests
        return requests > _REQUESTS

    def _instruments(self, request: HttpRequest) -> list[object]:
        kind, symbol = request.query.get("instType"), request.query.get("instId")
        if kind not in ("SPOT", "MARGIN", "SWAP", "FUTURES", "OPTION"):
            raise _RequestError("51000", "Parameter instType error")
        if kind == "OPTION" and not (request.query.get("instFamily") or request.query.get("uly")):
            raise _RequestError("50014", "Parameter instFamily can not be empty.")
        return [
            self._instrument(place, each)
            for place, each in enumerate(self._market.instruments)
            if kind_of(each) == kind and symbol in (None, each.symbol)
        ]

    def _instrument(self, place: int, each: Instrument) -> dict[str, object]:
        notation = self._notations[place]
        contract = kind_of(each) == "SWAP"
        pair = f"{each.base}-{each.quote}"
        return {
            "instType": kind_of(each),
            "instId": each.symbol,
            "uly": pair if contract else "",
            "instFamily": pair if contract else "",
            "category": "1",
            "baseCcy": "" if contract else each.base,
            "quoteCcy": "" if contract else each.quote,
            "settleCcy": each.quote if contract else "",
            "ctVal": "1" if contract else "",
            "ctMult": "1" if contract else "",
            "ctValCcy": each.base if contract else "",
            "ctType": "linear" if contract else "",
            "optType": "",
            "stk": "",
            "alias": "",
            "listTime": "1606468572000",
            "expTime": "",
            "lever": "100" if contract else "10",
            "tickSz": notation.price(1),
            "lotSz": notation.amount(1),
            "minSz": notation.amount(1),
            "maxLmtSz": notation.amount(10 ** (each.amount_digits + 4)),
            "maxMktSz": notation.amount(10 ** (each.amount_digits + 4)),
            "state": "live",
            "ruleType": "normal",
        }

    def _trades(self, request: HttpRequest, step: int, most: int, after: str | None) -> list[object]:
        """Single trades, the newest first; ``after`` an id are the older ones."""
        place = self._place(request)
        limit = min(_number(request.query.get("limit", "100"), "limit"), most)
        market = self._market
        newest = market.order(place, market.last_order(place, step)).last
        oldest = market.first_fill(market.first_order(place))
        last = newest if after is None else min(newest, _number(after, "after") - 1)
        first = max(last - limit + 1, oldest)
        if first > last:
            return []
        orders = range(market.order_of_fill(last), market.order_of_fill(first) - 1, -1)
        return [
            row for number in orders for row in self._rows(place, market.order(place, number), first, last)
        ]

    def _rows(self, place: int, order: Order, first: int, last: int) -> list[dict[str, str]]:
        notation = self._notations[place]
        return [
            {
                "instId": self._market.instruments[place].symbol,
                "side": "buy" if order.buy else "sell",
                "sz": notation.amount(fill.amount),
                "px": notation.price(order.price),
                "source": "0",
                "tradeId": str(fill.id),
                "ts": str(order.time_ns // MILLISECOND),
            }
            for fill in reversed(order.fills)
            if first <= fill.id <= last
        ]

    def _book(self, request: HttpRequest, step: int) -> list[object]:
        place = self._place(request)
        update = self._market.update_at(place, step)
        size = min(_number(request.query.get("sz", "1"), "sz"), 400)
        notation = self._notations[place]
        bids, asks = (
            [[notation.price(price), notation.amount(amount), "0", "1"] for price, amount in side]
            for side in self._market.books[place].levels(update, size)
        )
        ts = str(self._market.time_of(step) // MILLISECOND)
        return [{"asks": asks, "bids": bids, "ts": ts, "seqId": update}]

    def _place(self, request: HttpRequest) -> int:
        place = self._places.get(request.query.get("instId", ""))
        if place is None:
            raise _RequestError("51001", "Instrument ID doesn't exist.")
        return place


def _number(text: str, name: str) -> int:
    if not text.isdecimal():
        raise _RequestError("51000", f"Parameter {name} error")
    return int(text)
