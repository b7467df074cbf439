"""Binance USD-M and COIN-M futures as their clients see them.

Source: developers.binance.com, derivatives: "Websocket Market Streams", "Important WebSocket Change
Notice", "How to manage a local order book correctly". Book updates of all symbols share one counter; each
event names the last id of the event before (``pu``). Some trades did not happen in the book (``X``);
unused ids appear as trades of amount 0 at price 0. Aggregate trades contain neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from ...contracts import contract, is_liquidation
from ...instruments import Instrument
from ...market import Fill, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, Message
from .contracts import (
    FAR_AWAY,
    agg_id,
    coin_contract,
    delivery_ms,
    outside,
    update_id,
    usd_contract,
)
from .futures_rest import DeliveryRest, FuturesRest
from .market import BinanceMarket, Text, written
from .rest import BinanceRest

__all__ = ["BinanceDelivery", "BinanceFutures"]

_PUBLIC = ("trade", "depth", "bookTicker", "rpiDepth")


class BinanceFutures(BinanceMarket):
    """Adds ``@markPrice@1s``, ``@markPrice`` and ``@forceOrder``.

    ``/public`` serves trades, books and quotes, ``/market`` everything else; a connection without a route
    is served as by ``/public``.
    """

    name: ClassVar[str] = "binance_futures"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSDT", "ETHUSDT")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = 180.0
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = 10
    most_streams: ClassVar[int] = 200
    diffs: ClassVar[tuple[tuple[str, bool], ...]] = (
        ("depth@100ms", False),
        ("depth@0ms", False),
        ("depth", True),
        ("depth@500ms", True),
    )
    routes: ClassVar[tuple[str, ...]] = ("", "/public", "/market")

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        return usd_contract(symbol)

    @staticmethod
    def notation(instrument: Instrument) -> Notation:
        return Notation.short(instrument)

    @staticmethod
    def rest_of(market: Market, notations: tuple[Notation, ...]) -> BinanceRest:
        return FuturesRest(market, notations)

    def delivers(self, route: str, stream: str) -> bool:
        is_public = stream.partition("@")[2].partition("@")[0] in _PUBLIC
        return is_public == (route != "/market")

    def diff(self, step: Step, first: int) -> Text:
        bids, asks = self._market.books[step.place].changes(first, step.update)
        levels = self._notations[step.place].levels
        rest = (
            f'{self._named(step.place)},"U":{update_id(first) - 2},"u":{update_id(step.update)},'
            f'"pu":{update_id(first - 1)},"b":{levels(bids)},"a":{levels(asks)}}}'
        )
        return lambda unit: (
            f'{{"e":"depthUpdate","E":{step.time_ns // unit},"T":{step.time_ns // unit},{rest}'
        )

    def quote(self, step: Step) -> Text:
        top = self._market.books[step.place].top(step.update)
        price, amount = self._notations[step.place].price, self._notations[step.place].amount
        text = (
            f'{{"e":"bookTicker","u":{update_id(step.update)},{self._named(step.place)},'
            f'"b":"{price(top.bid)}","B":"{amount(top.bid_amount)}",'
            f'"a":"{price(top.ask)}","A":"{amount(top.ask_amount)}"'
        )
        return lambda unit: f'{text},"T":{step.time_ns // unit},"E":{step.time_ns // unit}}}'

    def trade(self, place: int, order: Order, fill: Fill) -> Text:
        kind, notation = outside(order) or "MARKET", self._notations[place]
        price, amount = notation.price(order.price), notation.amount(fill.amount)
        if kind == "NA":
            price, amount = "0", "0"
        rest = (
            f'"s":"{self._market.instruments[place].symbol}","t":{fill.id},"p":"{price}","q":"{amount}",'
            f'"X":"{kind}","m":{_maker(order)}}}'
        )
        return lambda unit: f'{{"e":"trade","E":{order.time_ns // unit},"T":{order.time_ns // unit},{rest}'

    def aggregate(self, place: int, order: Order) -> Text | None:
        if outside(order):
            return None
        notation = self._notations[place]
        middle = (
            f'"a":{agg_id(order.id)},"s":"{self._market.instruments[place].symbol}",'
            f'"p":"{notation.price(order.price)}","q":"{notation.amount(order.amount)}",'
            f'"nq":"{notation.amount(order.amount)}","f":{order.first},"l":{order.last}'
        )
        return lambda unit: (
            f'{{"e":"aggTrade","E":{order.time_ns // unit},{middle},"T":{order.time_ns // unit},'
            f'"m":{_maker(order)}}}'
        )

    def order(self, place: int, order: Order, audience: Audience) -> Iterator[Message]:
        yield from super().order(place, order, audience)
        name = f"{self._prefixes[place]}@forceOrder"
        if name in audience and is_liquidation(order) and not outside(order):
            yield from written(name, audience, self._forced(place, order))

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for place, prefix in enumerate(self._prefixes):
            for suffix, every in (("markPrice@1s", 1), ("markPrice", 3)):
                name = f"{prefix}@{suffix}"
                if name in audience and second % every == 0:
                    yield from written(name, audience, self._mark(place, step, second))

    def _named(self, place: int) -> str:
        """The symbol fields of book events."""
        return f'"s":"{self._market.instruments[place].symbol}"'

    def _forced(self, place: int, order: Order) -> Text:
        notation = self._notations[place]
        price, amount = notation.price(order.price), notation.amount(order.amount)
        side = "BUY" if order.buy else "SELL"
        return lambda unit: (
            f'{{"e":"forceOrder","E":{order.time_ns // unit},"o":{{{self._named(place)},"S":"{side}",'
            f'"o":"LIMIT","f":"IOC","q":"{amount}","p":"{price}","ap":"{price}","X":"FILLED",'
            f'"l":"{amount}","z":"{amount}","T":{order.time_ns // unit}}}}}'
        )

    def _mark(self, place: int, step: int, second: int) -> Text:
        instrument = self._market.instruments[place]
        exact, state = Notation.padded(instrument, 8), contract(self._market, place, step)
        rate, due = "", 0
        if delivery_ms(instrument.symbol) == FAR_AWAY:  # contracts with a date have no funding
            rate = f"{'-' if state.funding_rate < 0 else ''}0.{abs(state.funding_rate):08d}"
            due = state.funding_ns // 10**6
        price, index = exact.price(state.mark), exact.price(state.index)
        text = (
            f'{{"e":"markPriceUpdate","E":{second * 1000},"s":"{instrument.symbol}","p":"{price}",'
            f'"ap":"{price}","P":"{index}","i":"{index}","r":"{rate}","T":{due}}}'
        )
        return lambda unit: text


class BinanceDelivery(BinanceFutures):
    """COIN-M: one route; amounts are contracts, and book events also name the pair."""

    name: ClassVar[str] = "binance_delivery"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSD_PERP", "BTCUSD_270625")
    routes: ClassVar[tuple[str, ...]] = ("",)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        return coin_contract(symbol)

    @staticmethod
    def rest_of(market: Market, notations: tuple[Notation, ...]) -> BinanceRest:
        return DeliveryRest(market, notations)

    def delivers(self, route: str, stream: str) -> bool:
        return True

    def _named(self, place: int) -> str:
        symbol = self._market.instruments[place].symbol
        return f'"s":"{symbol}","ps":"{symbol.partition("_")[0]}"'


def _maker(order: Order) -> str:
    """``m``: the buyer was the maker, so the taker sold."""
    return "false" if order.buy else "true"
