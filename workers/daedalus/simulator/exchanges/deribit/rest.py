"""Deribit's REST answers: instruments, books and trades by their numbers.

Source: docs.deribit.com, "Market data"; trades are kept for 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ...instruments import Instrument
from ...market import Market
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest
from .text import MILLISECOND, answer, trade

__all__ = ["DeribitRest"]

_DAY_NS = 24 * 3600 * 10**9
_MOST_TRADES = 1000
_FOREVER_MS = 32_503_708_800_000


class DeribitRest:
    """Answers GETs below ``/api/v2/public``."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        match request.path.removeprefix("/api/v2/public/"):
            case "get_time":
                return _result(str(now_ns // MILLISECOND))
            case "get_currencies":
                names = sorted({each.base for each in self._market.instruments})
                return _result(_json([{"currency": name, "currency_long": name} for name in names]))
            case "get_instruments":
                rows = zip(self._market.instruments, self._notations, strict=True)
                return _result(_json([_instrument(each, notation) for each, notation in rows]))
            case "get_order_book" | "get_last_trades_by_instrument" as method:
                place = self._places.get(request.query.get("instrument_name", ""))
                if place is None:
                    return _invalid("instrument_name", "instrument not found")
                if method == "get_order_book":
                    return self._book(place, request, step)
                return self._trades(place, request, step, now_ns)
        error = {"code": -32601, "message": "Method not found"}
        return HttpAnswer(answer("error", _json(error)).encode(), status=404)

    def _book(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        update = self._market.update_at(place, step)
        update -= update % self._market.diff_every
        depth = int(request.query.get("depth", "5"))
        price, amount = self._notations[place].price, self._notations[place].amount
        bids, asks = (
            ",".join(f"[{price(ticks)},{amount(lots)}]" for ticks, lots in side)
            for side in self._market.books[place].levels(update, depth)
        )
        symbol, time = self._market.instruments[place].symbol, self._market.time_of(step) // MILLISECOND
        return _result(
            f'{{"timestamp":{time},"state":"open","instrument_name":"{symbol}","change_id":{update},'
            f'"bids":[{bids}],"asks":[{asks}]}}'
        )

    def _trades(self, place: int, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        numbers = {name: request.query.get(name) for name in ("start_seq", "end_seq", "count")}
        for name, text in numbers.items():
            if text is not None and not text.isdecimal():
                return _invalid(name, "value must be an integer")
        first, last, count = (int(text) if text else None for text in numbers.values())
        market = self._market
        newest = market.order(place, market.last_order(place, step)).last
        yesterday = market.step_at(now_ns - _DAY_NS)
        kept = max(market.first_order(place), market.last_order(place, yesterday) + 1)
        begin = max(market.first_fill(kept), first or 0)
        end = newest if last is None else min(newest, last)
        most = min(count or 10, _MOST_TRADES)
        whole = range(begin, end + 1)
        ascending = request.query.get("sorting") == "asc"
        part = whole[:most] if ascending else whole[::-1][:most]
        trades = ",".join(self._trade(place, number) for number in part)
        more = "true" if len(part) < len(whole) else "false"
        return _result(f'{{"trades":[{trades}],"has_more":{more}}}')

    def _trade(self, place: int, number: int) -> str:
        order = self._market.order(place, self._market.order_of_fill(number))
        fill = order.fills[number - order.first]
        return trade(self._market.instruments[place], self._notations[place], order, fill)


def _instrument(instrument: Instrument, notation: Notation) -> dict[str, object]:
    spot = "-" not in instrument.symbol
    dated = {} if spot else {"settlement_period": "perpetual", "expiration_timestamp": _FOREVER_MS}
    return dated | {
        "instrument_name": instrument.symbol,
        "kind": "spot" if spot else "future",
        "base_currency": instrument.base,
        "quote_currency": instrument.quote,
        "counter_currency": instrument.quote,
        "settlement_currency": instrument.base,
        "tick_size": float(notation.price(1)),
        "min_trade_amount": float(notation.amount(1)),
        "contract_size": float(notation.amount(1)),
        "is_active": True,
        "creation_timestamp": 1534242287000,
        "taker_commission": 0.0005,
        "maker_commission": 0.0,
    }


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _result(value: str) -> HttpAnswer:
    return HttpAnswer(answer("result", value).encode())


def _invalid(param: str, reason: str) -> HttpAnswer:
    error = {"message": "Invalid params", "data": {"reason": reason, "param": param}, "code": -32602}
    return HttpAnswer(answer("error", _json(error)).encode(), status=400)
