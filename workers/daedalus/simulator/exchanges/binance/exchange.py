"""Binance spot and Binance.US as their clients see them.

Source: binance-spot-api-docs, web-socket-streams.md; docs.binance.us. Update ids of a book are consecutive
(``U`` is the last ``u`` + 1), so are trade ids and aggregate trade ids.
"""

from __future__ import annotations

from typing import ClassVar

from ...instruments import Instrument
from ...market import Fill, Market, Mixture, Order, Step
from ...notation import Notation
from .market import BinanceMarket, Text, pair
from .rest import BinanceRest
from .spot_rest import PLACES, SpotRest, UsRest

__all__ = ["Binance", "BinanceUs"]


class Binance(BinanceMarket):
    """Streams ``<symbol>@trade``, ``@aggTrade``, ``@bookTicker``, ``@depth`` and ``@depth@100ms``."""

    name: ClassVar[str] = "binance"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSDT", "ETHUSDT")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = 20.0
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = 5
    most_streams: ClassVar[int] = 1024
    diffs: ClassVar[tuple[tuple[str, bool], ...]] = (("depth@100ms", False), ("depth", True))
    microseconds: ClassVar[bool] = True

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        return pair(symbol, "binance")

    @staticmethod
    def notation(instrument: Instrument) -> Notation:
        return Notation.padded(instrument, PLACES)

    @staticmethod
    def rest_of(market: Market, notations: tuple[Notation, ...]) -> BinanceRest:
        return SpotRest(market, notations)

    def farewell(self) -> str | None:
        # for combined streams; a raw stream would have the inner part only
        event = f'{{"e":"serverShutdown","E":{self._time_ns // 10**6}}}'
        return f'{{"stream":"!serverShutdown","data":{event}}}'

    def diff(self, step: Step, first: int) -> Text:
        symbol = self._market.instruments[step.place].symbol
        bids, asks = self._market.books[step.place].changes(first, step.update)
        levels = self._notations[step.place].levels
        rest = f'"s":"{symbol}","U":{first},"u":{step.update},"b":{levels(bids)},"a":{levels(asks)}}}'
        return lambda unit: f'{{"e":"depthUpdate","E":{step.time_ns // unit},{rest}'

    def quote(self, step: Step) -> Text:
        top = self._market.books[step.place].top(step.update)
        notation = self._notations[step.place]
        price, amount = notation.price, notation.amount
        text = (
            f'{{"u":{step.update},"s":"{self._market.instruments[step.place].symbol}",'
            f'"b":"{price(top.bid)}","B":"{amount(top.bid_amount)}",'
            f'"a":"{price(top.ask)}","A":"{amount(top.ask_amount)}"}}'
        )
        return lambda unit: text

    def trade(self, place: int, order: Order, fill: Fill) -> Text:
        text = (
            f'"s":"{self._market.instruments[place].symbol}","t":{fill.id},'
            f'"p":"{self._notations[place].price(order.price)}",'
            f'"q":"{self._notations[place].amount(fill.amount)}"'
        )
        return self._timed("trade", order, text)

    def aggregate(self, place: int, order: Order) -> Text | None:
        text = (
            f'"s":"{self._market.instruments[place].symbol}","a":{order.id},'
            f'"p":"{self._notations[place].price(order.price)}",'
            f'"q":"{self._notations[place].amount(order.amount)}","f":{order.first},"l":{order.last}'
        )
        return self._timed("aggTrade", order, text)

    @staticmethod
    def _timed(event: str, order: Order, text: str) -> Text:
        maker = "false" if order.buy else "true"  # m: the buyer was the maker, so the taker sold

        def timed(unit: int) -> str:
            time = order.time_ns // unit
            return f'{{"e":"{event}","E":{time},{text},"T":{time},"m":{maker},"M":true}}'

        return timed


class BinanceUs(Binance):
    """Binance.US: no microseconds, no shutdown notices, a smaller REST budget."""

    name: ClassVar[str] = "binance_us"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSD", "ETHUSDT")
    ping_seconds: ClassVar[float | None] = 180.0
    microseconds: ClassVar[bool] = False

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        return pair(symbol, "binance_us")

    @staticmethod
    def rest_of(market: Market, notations: tuple[Notation, ...]) -> BinanceRest:
        return UsRest(market, notations)

    def farewell(self) -> str | None:
        return None
