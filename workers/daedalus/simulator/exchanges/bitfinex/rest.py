"""Bitfinex's REST answers: lists of pairs, books, and trades by time.

Source: docs.bitfinex.com, "REST public: configs, book, trades". Errors are arrays, like all other answers.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...instruments import Instrument
from ...market import Market
from ...protocol import HttpAnswer, HttpRequest
from .text import MILLISECOND, levels, raw_orders, trade

__all__ = ["BitfinexRest"]

_TRADES_PER_MINUTE = 15
_MOST_TRADES, _USUAL_TRADES = 10_000, 125
_MINUTE_NS = 60 * 10**9


class BitfinexRest:
    """Answers GETs of public data."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._minute, self._asked = 0, 0

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        match request.path.strip("/").split("/"):
            case ["v2", "platform", "status"]:
                return HttpAnswer(b"[1]")
            case ["v2", "conf", labels]:
                return HttpAnswer.json([self._listed(label) for label in labels.split(",")])
            case ["v2", "trades", symbol, "hist"] if symbol in self._places:
                if self._too_many(now_ns):
                    return _error(11010, "ratelimit: error", 429)
                return self._trades(self._places[symbol], request.query, step)
            case ["v2", "book", symbol, precision] if symbol in self._places:
                return self._book(self._places[symbol], precision, request.query.get("len", "25"), step)
            case ["v2", "trades" | "book", *_]:
                return _error(10020, "symbol: invalid", 500)
        return _error(10000, "unknown path", 404)

    def _listed(self, label: str) -> Sequence[object]:
        futures = label.endswith(":futures")
        pairs = [each for each in self._market.instruments if ("F0:" in each.symbol) == futures]
        names = [each.symbol.removeprefix("t") for each in pairs]
        if label in ("pub:info:pair", "pub:info:pair:futures"):
            return [[name, [None, None, None, "0.00004", "2000.0", *[None] * 3, 0.2, 0.1]] for name in names]
        if label in ("pub:list:pair:exchange", "pub:list:pair:futures"):
            return names
        if label == "pub:list:currency":
            return sorted({name for each in self._market.instruments for name in (each.base, each.quote)})
        return []

    def _too_many(self, now_ns: int) -> bool:
        minute = now_ns // _MINUTE_NS
        self._asked = self._asked + 1 if minute == self._minute else 1
        self._minute = minute
        return self._asked > _TRADES_PER_MINUTE

    def _trades(self, place: int, query: dict[str, str], step: int) -> HttpAnswer:
        try:
            limit = int(query.get("limit", _USUAL_TRADES))
            first_ms = int(query.get("start", 0))
            last_ms = int(query.get("end", 10**15))
            oldest_first = int(query.get("sort", -1)) > 0
        except ValueError:
            return _error(10020, "limit: invalid", 500)
        if not 0 < limit <= _MOST_TRADES:
            return _error(10020, "limit: invalid", 500)
        market, each = self._market, self._market.instruments[place]
        first = max(market.first_order(place), self._order_at(place, first_ms) - 1)
        last = min(market.last_order(place, step), self._order_at(place, last_ms + 1) + 1)
        texts: list[str] = []
        for number in range(first, last + 1) if oldest_first else range(last, first - 1, -1):
            order = market.order(place, number)
            if not first_ms <= order.time_ns // MILLISECOND <= last_ms:
                continue
            fills = order.fills if oldest_first else order.fills[::-1]
            texts += [trade(each, order, fill) for fill in fills]
            if len(texts) >= limit:
                break
        return HttpAnswer(f"[{','.join(texts[:limit])}]".encode())

    def _order_at(self, place: int, ms: int) -> int:
        return self._market.last_order(place, self._market.step_at(ms * MILLISECOND))

    def _book(self, place: int, precision: str, length: str, step: int) -> HttpAnswer:
        if precision not in ("P0", "R0") or length not in ("1", "25", "100", "250"):
            return _error(10020, "len: invalid", 500)
        each: Instrument = self._market.instruments[place]
        sides = self._market.books[place].levels(self._market.update_at(place, step), int(length))
        texts = levels(each, sides) if precision == "P0" else raw_orders(each, sides)
        return HttpAnswer(f"[{','.join(texts)}]".encode())


def _error(code: int, text: str, status: int) -> HttpAnswer:
    return HttpAnswer.json(["error", code, text], status=status)
