"""Bybit v5 as its clients see it: the public streams of linear contracts and of spot.

Source: bybit-exchange.github.io/docs/v5, websocket/public and ws/connect. Books are a snapshot and then
deltas, whose ``u`` counts the messages of the topic; a book of one level is sent whole each time. Trade
ids have no order. Answers do not name topics. A request with one invalid topic is refused as a whole.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any, ClassVar, cast

import msgspec

from ...book import Levels
from ...contracts import contract, is_liquidation
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from ...view import View
from .rest import BybitRest
from .text import MILLISECOND, trade_id

__all__ = ["Bybit", "BybitSpot"]

_PLAIN = ()  # the only form there is
_DEPTHS = (50, 200, 1000)
_MOST_CHARACTERS = 21_000
_QUOTES = ("USDT", "USDC", "PERP", "EUR", "BTC", "ETH")


class _BybitSession(Session):
    """``connection``: the exchange's id of it; ``characters``: the length of all its topics so far."""

    def __init__(self, connection: str) -> None:
        super().__init__()
        self.connection = connection
        self.characters = 0


class Bybit(ExchangeProtocol):
    """Topics publicTrade, orderbook.{1,50,200,1000}, tickers and allLiquidation of linear contracts."""

    name: ClassVar[str] = "bybit"
    category: ClassVar[str] = "linear"
    topics: ClassVar[tuple[str, ...]] = ("publicTrade", "tickers", "allLiquidation")
    most_args: ClassVar[int | None] = None
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSDT", "ETHUSDT")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)
        self._rest = BybitRest(market, self._notations, self.category, market.diff_every)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._any_symbol = any_symbol
        self._views = {depth: tuple(View(book, depth) for book in market.books) for depth in _DEPTHS}
        self._connections = count(1)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        if not symbol or symbol != symbol.upper() or not symbol.isalnum():
            raise ValueError(f"symbol {symbol!r}: bybit spells symbols like BTCUSDT")
        quote = next((quote for quote in _QUOTES if symbol.endswith(quote) and symbol != quote), symbol[-3:])
        return instrument(symbol, symbol.removesuffix(quote) or symbol, "USDC" if quote == "PERP" else quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        if HttpRequest.parse(target).path != f"/v5/public/{self.category}":
            return HttpAnswer(b"", status=404)
        return _BybitSession(str(uuid.UUID(int=next(self._connections), version=4)))

    def receive(self, session: Session, text: str) -> Iterable[str]:
        own = cast(_BybitSession, session)
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            request = None
        if not isinstance(request, dict):
            return (_reply(own, {}, "error:invalid request"),)
        if request.get("op") == "ping":
            return (_reply(own, request, None, "pong"),)
        if request.get("op") not in ("subscribe", "unsubscribe"):
            return (_reply(own, request, "error:invalid op"),)
        problem = self._managed(own, request)
        return (_reply(own, request, problem, "subscribe" if self.category == "spot" else ""),)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        name, symbol = _split(stream)
        place = self._places[symbol]
        if name == "orderbook.1":
            yield self._top(place, self._market.update_at(place, step), self._market.time_of(step))
        elif name.startswith("orderbook."):
            every = self._market.diff_every
            update = self._market.update_at(place, step) // every * every
            sides = self._views[int(name.partition(".")[2])][place].levels(update)
            yield self._book(stream, "snapshot", place, update, sides, self._market.time_of(step))
        elif name == "tickers":
            yield self._ticker("snapshot", place, step, self._facts(place, step))

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        place, symbol = step.place, self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            before = step.update - self._market.diff_every
            for depth in _DEPTHS:
                if (stream := f"orderbook.{depth}.{symbol}") in audience:
                    sides = self._views[depth][place].changes(before, step.update)
                    yield (
                        stream,
                        _PLAIN,
                        self._book(stream, "delta", place, step.update, sides, step.time_ns),
                    )
        elif step.happening is Happening.QUOTE:
            if (stream := f"orderbook.1.{symbol}") in audience:
                yield stream, _PLAIN, self._top(place, step.update, step.time_ns)
        elif step.order and step.order.fills:
            if (stream := f"publicTrade.{symbol}") in audience:
                yield stream, _PLAIN, self._trades(place, step.order)
            if is_liquidation(step.order) and (stream := f"allLiquidation.{symbol}") in audience:
                yield stream, _PLAIN, self._liquidation(place, step.order)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for place, each in enumerate(self._market.instruments):
            if (stream := f"tickers.{each.symbol}") in audience:
                facts = self._facts(place, step)
                told = facts if second % 3 == 0 else {"markPrice": facts["markPrice"]}  # changed fields only
                yield stream, _PLAIN, self._ticker("delta", place, step, told)

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _managed(self, session: _BybitSession, request: dict[str, Any]) -> str | None:
        """Apply a request; the error, if it is invalid."""
        args = request.get("args")
        if not isinstance(args, list) or not args or not all(isinstance(arg, str) for arg in args):
            return "error:request args is empty or invalid"
        if self.most_args is not None and len(args) > self.most_args:
            return f"args size >{self.most_args}"
        for topic in args:
            if not self._known(topic):
                return f"error:handler not found,topic:{topic}"
        if request["op"] == "unsubscribe":
            for topic in args:
                session.streams.pop(topic, None)
            return None
        session.characters += sum(len(topic) for topic in args)
        if session.characters > _MOST_CHARACTERS:
            return f"error:args length exceeds {_MOST_CHARACTERS} characters"
        session.streams.update(dict.fromkeys(args, _PLAIN))
        return None

    def _known(self, topic: str) -> bool:
        name, symbol = _split(topic)
        known = name in self.topics or name in [f"orderbook.{depth}" for depth in (1, *_DEPTHS)]
        return known and (self._any_symbol or symbol in self._places)

    def _book(
        self, stream: str, kind: str, place: int, update: int, sides: tuple[Levels, Levels], time_ns: int
    ) -> str:
        bids, asks = (self._notations[place].levels(side) for side in sides)
        milliseconds = time_ns // MILLISECOND
        return (
            f'{{"topic":"{stream}","type":"{kind}","ts":{milliseconds},'
            f'"data":{{"s":"{self._market.instruments[place].symbol}","b":{bids},"a":{asks},'
            f'"u":{update // self._market.diff_every},"seq":{update}}},"cts":{milliseconds}}}'
        )

    def _top(self, place: int, update: int, time_ns: int) -> str:
        symbol, notation = self._market.instruments[place].symbol, self._notations[place]
        top, milliseconds = self._market.books[place].top(update), time_ns // MILLISECOND
        return (
            f'{{"topic":"orderbook.1.{symbol}","type":"snapshot","ts":{milliseconds},"data":{{"s":"{symbol}",'
            f'"b":{notation.levels([(top.bid, top.bid_amount)])},'
            f'"a":{notation.levels([(top.ask, top.ask_amount)])},'
            f'"u":{update},"seq":{update}}},"cts":{milliseconds}}}'
        )

    def _trades(self, place: int, order: Order) -> str:
        symbol, notation = self._market.instruments[place].symbol, self._notations[place]
        time, direction = order.time_ns // MILLISECOND, "" if self.category == "spot" else '"L":"PlusTick",'
        rows = ",".join(
            f'{{"T":{time},"s":"{symbol}","S":"{"Buy" if order.buy else "Sell"}",'
            f'"v":"{notation.amount(fill.amount)}","p":"{notation.price(order.price)}",{direction}'
            f'"i":"{trade_id(self.category, symbol, fill.id)}","BT":false,"RPI":false,"seq":{order.update}}}'
            for fill in order.fills
        )
        return f'{{"topic":"publicTrade.{symbol}","type":"snapshot","ts":{time},"data":[{rows}]}}'

    def _liquidation(self, place: int, order: Order) -> str:
        """``S`` is the side of the position: a buy order closes a short position."""
        symbol, notation = self._market.instruments[place].symbol, self._notations[place]
        time = order.time_ns // MILLISECOND
        return (
            f'{{"topic":"allLiquidation.{symbol}","type":"snapshot","ts":{time},"data":[{{"T":{time},'
            f'"s":"{symbol}","S":"{"Sell" if order.buy else "Buy"}","v":"{notation.amount(order.amount)}",'
            f'"p":"{notation.price(order.price)}"}}]}}'
        )

    def _facts(self, place: int, step: int) -> dict[str, str]:
        now, notation = contract(self._market, place, step), self._notations[place]
        return {
            "lastPrice": notation.price(now.last),
            "markPrice": notation.price(now.mark),
            "indexPrice": notation.price(now.index),
            "openInterest": notation.amount(now.open_interest),
            "fundingRate": f"{now.funding_rate / 10**8:.8f}",
            "nextFundingTime": str(now.funding_ns // MILLISECOND),
        }

    def _ticker(self, kind: str, place: int, step: int, facts: dict[str, str]) -> str:
        symbol = self._market.instruments[place].symbol
        message = {"topic": f"tickers.{symbol}", "type": kind, "data": {"symbol": symbol, **facts}}
        numbers = {
            "cs": self._market.update_at(place, step),
            "ts": self._market.time_of(step) // MILLISECOND,
        }
        return msgspec.json.encode({**message, **numbers}).decode()


class BybitSpot(Bybit):
    """Spot: another path, at most ten topics per request, no derivatives."""

    name: ClassVar[str] = "bybit_spot"
    category: ClassVar[str] = "spot"
    topics: ClassVar[tuple[str, ...]] = ("publicTrade",)
    most_args: ClassVar[int | None] = 10


def _split(topic: str) -> tuple[str, str]:
    """The name of a topic, with its depth, and the symbol."""
    name, _, symbol = topic.rpartition(".")
    return name, symbol


def _reply(session: _BybitSession, request: dict[str, Any], problem: str | None, told: str = "") -> str:
    body = {"success": problem is None, "ret_msg": problem or told, "conn_id": session.connection}
    number = request.get("req_id")
    body |= {"req_id": number if isinstance(number, str) else "", "op": str(request.get("op", ""))}
    return msgspec.json.encode(body).decode()
