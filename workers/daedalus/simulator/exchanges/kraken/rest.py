"""Kraken's REST answers: pairs, trades from a time on, books.

Source: docs.kraken.com, api-reference/market-data. REST uses older names of some assets (XBT for BTC), and
the new ones with ``assetVersion=1``. Errors have status 200.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...budget import WeightBudget
from ...instruments import Instrument
from ...market import Market, Order
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest
from .books import AMOUNT_PLACES

__all__ = ["KrakenRest"]

_PER_MINUTE = 60
_MOST_TRADES = 1000
_REST_PLACES = 5
_OLD_NAMES = {"BTC": "XBT", "DOGE": "XDG"}
_OLD_KEYS = {"BTC": "XXBT", "ETH": "XETH", "XRP": "XXRP", "USD": "ZUSD", "EUR": "ZEUR", "GBP": "ZGBP"}


class KrakenRest:
    """Answers GETs of public data, sixty in a minute."""

    def __init__(self, market: Market) -> None:
        self._market = market
        self._budget = WeightBudget(_PER_MINUTE)
        self._notations = tuple(
            Notation(each, max(each.price_digits, _REST_PLACES), AMOUNT_PLACES) for each in market.instruments
        )
        self._places = {name: place for place, each in enumerate(market.instruments) for name in _names(each)}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        if self._budget.spend(1, now_ns) is not None:
            return _error("EGeneral:Too many requests")
        match request.path.strip("/").split("/"):
            case ["0", "public", "Time"]:
                return _result({"unixtime": now_ns // 10**9})
            case ["0", "public", "Assets"]:
                return _result(self._assets())
            case ["0", "public", "AssetPairs"]:
                return _result(self._pairs(request))
            case ["0", "public", "Trades" | "Depth" as wanted]:
                place = self._places.get(request.query.get("pair", ""))
                if place is None:
                    return _error("EQuery:Unknown asset pair")
                each = self._market.instruments[place]
                key = each.symbol if request.query.get("assetVersion") == "1" else _key(each)
                return (
                    self._trades(place, key, request, step)
                    if wanted == "Trades"
                    else self._book(place, key, request, step)
                )
        return _error("EGeneral:Unknown method")

    def _assets(self) -> dict[str, object]:
        names = {name for each in self._market.instruments for name in (each.base, each.quote)}
        return {
            _OLD_KEYS.get(name, name): {
                "aclass": "currency",
                "altname": _OLD_NAMES.get(name, name),
                "decimals": 10,
                "display_decimals": 5,
                "status": "enabled",
            }
            for name in sorted(names)
        }

    def _pairs(self, request: HttpRequest) -> dict[str, object]:
        tokenized = request.query.get("aclass_base") == "tokenized_asset"
        new = request.query.get("assetVersion") == "1"
        return {
            each.symbol if new else _key(each): _pair(each, self._notations[place], new=new)
            for place, each in enumerate(self._market.instruments)
            if _tokenized(each) is tokenized
        }

    def _trades(self, place: int, key: str, request: HttpRequest, step: int) -> HttpAnswer:
        """Trades after ``since``, the oldest first; without it the latest."""
        try:
            count = min(max(int(request.query.get("count", _MOST_TRADES)), 1), _MOST_TRADES)
            since = int(request.query["since"]) if "since" in request.query else None
        except ValueError:
            return _error("EGeneral:Invalid arguments")
        market, notation = self._market, self._notations[place]
        newest = market.last_order(place, step)
        if since is None:
            first = market.order_of_fill(market.order(place, newest).last - count) + 1
        else:
            since_ns = since if since > 10**12 else since * 10**9
            first = market.last_order(place, market.step_at(since_ns)) + 1
        rows: list[str] = []
        last_ns = since or 0
        for order in self._orders(place, max(first, market.first_order(place)), newest):
            if rows and len(rows) + len(order.fills) > count:
                break  # trades of one moment stay together, or ``last`` would skip some
            last_ns = order.time_ns
            for fill in order.fills:
                price, amount = notation.price(order.price), notation.amount(fill.amount)
                side = "b" if order.buy else "s"
                rows.append(f'["{price}","{amount}",{_seconds(order.time_ns)},"{side}","m","",{fill.id}]')
        return HttpAnswer(
            f'{{"error":[],"result":{{"{key}":[{",".join(rows)}],"last":"{last_ns}"}}}}'.encode()
        )

    def _orders(self, place: int, first: int, last: int) -> Iterator[Order]:
        return (self._market.order(place, number) for number in range(first, last + 1))

    def _book(self, place: int, key: str, request: HttpRequest, step: int) -> HttpAnswer:
        count = min(int(request.query.get("count", "100")), 500)
        notation, update = self._notations[place], self._market.update_at(place, step)
        seconds = self._market.time_of(step) // 10**9
        bids, asks = (
            [[notation.price(price), notation.amount(amount), seconds] for price, amount in side]
            for side in self._market.books[place].levels(update, count)
        )
        return _result({key: {"asks": asks, "bids": bids}})


def _names(each: Instrument) -> tuple[str, ...]:
    """All names of a pair."""
    base, quote = _OLD_NAMES.get(each.base, each.base), _OLD_NAMES.get(each.quote, each.quote)
    return each.symbol, _key(each), f"{base}{quote}", f"{base}/{quote}", f"{each.base}{each.quote}"


def _key(each: Instrument) -> str:
    return f"{_OLD_KEYS.get(each.base, each.base)}{_OLD_KEYS.get(each.quote, each.quote)}"


def _tokenized(each: Instrument) -> bool:
    return each.base.endswith("x")


def _pair(each: Instrument, notation: Notation, *, new: bool) -> dict[str, object]:
    base, quote = _OLD_NAMES.get(each.base, each.base), _OLD_NAMES.get(each.quote, each.quote)
    kind = "tokenized_asset" if _tokenized(each) else "currency"
    return {
        "altname": f"{base}{quote}",
        "wsname": f"{base}/{quote}",
        "aclass_base": kind,
        "base": each.base if new else _OLD_KEYS.get(each.base, each.base),
        "aclass_quote": "currency",
        "quote": each.quote if new else _OLD_KEYS.get(each.quote, each.quote),
        "lot": "unit",
        "cost_decimals": 5,
        "pair_decimals": each.price_digits,
        "lot_decimals": AMOUNT_PLACES,
        "lot_multiplier": 1,
        "leverage_buy": [],
        "leverage_sell": [],
        "fees": [[0, 0.4]],
        "fees_maker": [[0, 0.25]],
        "fee_volume_currency": "ZUSD",
        "margin_call": 80,
        "margin_stop": 40,
        "ordermin": notation.amount(1),
        "costmin": "0.5",
        "tick_size": Notation.short(each).price(1),
        "status": "online",
    }


def _seconds(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{seconds}.{rest:09d}"


def _result(value: object) -> HttpAnswer:
    return HttpAnswer.json({"error": [], "result": value})


def _error(text: str) -> HttpAnswer:
    return HttpAnswer.json({"error": [text]})
