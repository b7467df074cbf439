"""Coinbase Advanced Trade's public REST answers: products, trades of a time span, books.

Source: docs.cdp.coinbase.com, api-reference/advanced-trade-api/rest-api/public.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...instruments import Instrument
from ...market import Market, Order
from ...notation import Notation
from ...protocol import HttpAnswer, HttpRequest
from ..coinbase_exchange.text import time_text

__all__ = ["CoinbaseRest", "trades_of"]

_MOST_TRADES = 1000


class CoinbaseRest:
    """Answers GETs of public data below /api/v3/brokerage."""

    def __init__(self, market: Market, notations: Sequence[Notation]) -> None:
        self._market = market
        self._notations = notations
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}

    def answer(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        """Answer a request."""
        match request.path.removeprefix("/api/v3/brokerage").strip("/").split("/"):
            case ["time"]:
                millis = now_ns // 10**6
                seconds = str(millis // 1000)
                return HttpAnswer.json(
                    {"iso": time_text(now_ns), "epochSeconds": seconds, "epochMillis": str(millis)}
                )
            case ["market", "products"]:
                spot = request.query.get("product_type", "SPOT") == "SPOT"
                products = [self._product(place) for place in self._places.values() if spot]
                return HttpAnswer.json({"products": products, "num_products": len(products)})
            case ["market", "products", product] if product in self._places:
                return HttpAnswer.json(self._product(self._places[product]))
            case ["market", "products", product, "ticker"] if product in self._places:
                return self._trades(self._places[product], request, step)
            case ["market", "product_book"] if request.query.get("product_id") in self._places:
                return self._book(self._places[request.query["product_id"]], request, step)
        return HttpAnswer.json(
            {"error": "NOT_FOUND", "error_details": "", "message": "valid product_id is required"}, status=404
        )

    def _product(self, place: int) -> dict[str, object]:
        return _product(self._market.instruments[place], self._notations[place])

    def _trades(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        """The newest ``limit`` trades of a time span (seconds), the newest first."""
        try:
            limit = min(int(request.query["limit"]), _MOST_TRADES)
            start_ns, end_ns = (
                int(request.query[name]) * 10**9 if name in request.query else None
                for name in ("start", "end")
            )
        except (KeyError, ValueError):
            return HttpAnswer.json({"error": "INVALID_ARGUMENT", "message": "limit"}, status=400)
        market, product = self._market, self._market.instruments[place].symbol
        newest = market.last_order(place, step if end_ns is None else min(step, market.step_at(end_ns)))
        trades: list[dict[str, str]] = []
        for order in self._orders(place, newest):
            if len(trades) >= limit or (start_ns is not None and order.time_ns < start_ns):
                break
            trades += trades_of(product, self._notations[place], order)
        top = market.books[place].top(market.update_at(place, step))
        price = self._notations[place].price
        return HttpAnswer.json(
            {"trades": trades[:limit], "best_bid": price(top.bid), "best_ask": price(top.ask)}
        )

    def _orders(self, place: int, newest: int) -> Iterator[Order]:
        market = self._market
        return (market.order(place, each) for each in range(newest, market.first_order(place) - 1, -1))

    def _book(self, place: int, request: HttpRequest, step: int) -> HttpAnswer:
        notation, update = self._notations[place], self._market.update_at(place, step)
        limit = int(request.query["limit"]) if "limit" in request.query else None
        bids, asks = (
            [{"price": notation.price(price), "size": notation.amount(amount)} for price, amount in side]
            for side in self._market.books[place].levels(update, limit)
        )
        product = self._market.instruments[place].symbol
        time = time_text(self._market.time_of(step))
        return HttpAnswer.json(
            {"pricebook": {"product_id": product, "bids": bids, "asks": asks, "time": time}}
        )


def _trade(product: str, notation: Notation, order: Order, part: int) -> dict[str, str]:
    """The side is the maker's."""
    fill = order.fills[part]
    return {
        "product_id": product,
        "trade_id": str(fill.id),
        "price": notation.price(order.price),
        "size": notation.amount(fill.amount),
        "time": time_text(order.time_ns),
        "side": "SELL" if order.buy else "BUY",
    }


def trades_of(product: str, notation: Notation, order: Order) -> list[dict[str, str]]:
    """All trades of an order, as the stream and REST send them: the newest first."""
    return [_trade(product, notation, order, part) for part in range(len(order.fills) - 1, -1, -1)]


def _product(each: Instrument, notation: Notation) -> dict[str, object]:
    return {
        "product_id": each.symbol,
        "base_increment": notation.amount(1),
        "quote_increment": notation.price(1),
        "price_increment": notation.price(1),
        "base_min_size": notation.amount(1),
        "base_max_size": "3400",
        "quote_min_size": "1",
        "quote_max_size": "150000000",
        "base_currency_id": each.base,
        "quote_currency_id": each.quote,
        "base_display_symbol": each.base,
        "quote_display_symbol": each.quote,
        "display_name": each.symbol,
        "product_type": "SPOT",
        "product_exchange": "CBE",
        "status": "online",
        "is_disabled": False,
        "new": False,
        "cancel_only": False,
        "limit_only": False,
        "post_only": False,
        "trading_disabled": False,
        "auction_mode": False,
        "view_only": False,
        "alias": "",
        "alias_to": [],
    }
