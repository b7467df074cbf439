"""Hyperliquid as its clients see it: market data by websocket, and the info endpoint.

Source: hyperliquid.gitbook.io, "API: Websocket: Subscriptions", "Info endpoint", "Rate limits". Each book
message is a whole book, trade ids have no order, and an unknown coin closes the connection without a
message. (Not simulated: closing a connection to which nothing was sent for a minute.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from ...budget import WeightBudget
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Step
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from .text import Texts, is_spot

__all__ = ["Hyperliquid"]

_PLAIN = ()  # the only form there is
_CHANNELS = ("trades", "l2Book", "bbo", "activeAssetCtx")
_MOST_STREAMS = 1000
_RECENT = 10
_WEIGHTS = {"l2Book": 2}
_USUAL_WEIGHT = 20


class Hyperliquid(ExchangeProtocol):
    """Streams are named ``<type>:<coin>``."""

    name: ClassVar[str] = "hyperliquid"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC", "ETH")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.5, orders_in=5)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._texts = Texts(market)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._known = None if any_symbol else self._places.keys()
        self._budget = WeightBudget(1200)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, slash, quote = symbol.partition("/")
        if not base.removeprefix("@").isalnum() or (slash and quote != "USDC"):
            raise ValueError(f"symbol {symbol!r}: hyperliquid spells coins like BTC, PURR/USDC or @107")
        return instrument(symbol, base.removeprefix("@"), "USDC")

    def connect(self, target: str) -> Session | HttpAnswer:
        return Session() if HttpRequest.parse(target).path == "/ws" else HttpAnswer(b"", status=404)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return (_unreadable(text),)
        method = request.get("method") if isinstance(request, dict) else None
        if method == "ping":
            return ('{"channel":"pong"}',)
        wish = request.get("subscription") if method in ("subscribe", "unsubscribe") else None
        if not isinstance(wish, dict) or wish.get("type") not in _CHANNELS or "coin" not in wish:
            return (_unreadable(text),)
        return self._change(session, method == "subscribe", wish)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, _, symbol = stream.partition(":")
        place, now = self._places[symbol], self._market.time_of(step)
        update = self._market.update_at(place, step)
        if channel == "trades":
            yield _told(channel, self._texts.recent(place, step, _RECENT))
        elif channel == "l2Book":
            yield _told(channel, self._texts.book(place, update, now))
        elif channel == "bbo":
            yield _told(channel, self._texts.bbo(place, update, now))
        else:
            yield self._context(place, step)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        place, symbol = step.place, self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            if (stream := f"l2Book:{symbol}") in audience:
                book = self._texts.book(place, step.update, step.time_ns)
                yield stream, _PLAIN, _told("l2Book", book)
        elif step.happening is Happening.QUOTE:
            if (stream := f"bbo:{symbol}") in audience:
                yield stream, _PLAIN, _told("bbo", self._texts.bbo(place, step.update, step.time_ns))
        elif step.order and step.order.fills and (stream := f"trades:{symbol}") in audience:
            trades = [self._texts.trade(place, step.order, fill) for fill in step.order.fills]
            yield stream, _PLAIN, _told("trades", trades)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for place, each in enumerate(self._market.instruments):
            if (stream := f"activeAssetCtx:{each.symbol}") in audience:
                yield stream, _PLAIN, self._context(place, step)

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        if request.path != "/info" or request.body is None:
            return HttpAnswer(b"", status=404 if request.path != "/info" else 405)
        try:
            asked = msgspec.json.decode(request.body, type=dict[str, Any])
        except msgspec.DecodeError:
            asked = {}
        kind = asked.get("type")
        if self._budget.spend(_WEIGHTS.get(kind or "", _USUAL_WEIGHT), now_ns) is not None:
            return HttpAnswer(b"null", status=429)
        value = self._asked(kind, asked.get("coin"), step, now_ns)
        if value is None:
            return HttpAnswer.json("Failed to deserialize the JSON body into the target type", status=422)
        return HttpAnswer.json(value)

    def _asked(self, kind: object, coin: object, step: int, now_ns: int) -> object:
        texts = self._texts
        match kind:
            case "meta":
                return texts.meta()
            case "spotMeta":
                return texts.spot_meta()
            case "metaAndAssetCtxs":
                return [texts.meta(), texts.contexts(step, spot=False)]
            case "spotMetaAndAssetCtxs":
                return [texts.spot_meta(), texts.contexts(step, spot=True)]
            case "l2Book" if coin in self._places:
                place = self._places[str(coin)]
                return texts.book(place, self._market.update_at(place, step), now_ns)
            case "recentTrades" if coin in self._places:
                return texts.recent(self._places[str(coin)], step, _RECENT)
        return None

    def _change(self, session: Session, subscribe: bool, wish: dict[str, Any]) -> Iterable[str]:
        coin = wish["coin"]
        if not isinstance(coin, str) or (self._known is not None and coin not in self._known):
            session.over = True
            return ()
        stream = f"{wish['type']}:{coin}"
        if subscribe is (stream in session.streams):
            words = "Already subscribed" if subscribe else "Already unsubscribed"
            return (_told("error", f"{words}: {_written(wish)}"),)
        if not subscribe:
            del session.streams[stream]
        elif len(session.streams) >= _MOST_STREAMS:
            return (_told("error", f"Cannot subscribe to more than {_MOST_STREAMS} channels"),)
        else:
            session.streams[stream] = _PLAIN
        method = "subscribe" if subscribe else "unsubscribe"
        whole = {"nSigFigs": None, "mantissa": None} if wish["type"] == "l2Book" else {}
        return (_told("subscriptionResponse", {"method": method, "subscription": {**whole, **wish}}),)

    def _context(self, place: int, step: int) -> str:
        symbol = self._market.instruments[place].symbol
        channel = "activeSpotAssetCtx" if is_spot(symbol) else "activeAssetCtx"
        return _told(channel, {"coin": symbol, "ctx": self._texts.context(place, step)})


def _told(channel: str, data: object) -> str:
    return _written({"channel": channel, "data": data})


def _unreadable(text: str) -> str:
    return _told("error", f"Error parsing JSON into valid websocket request: {text}")


def _written(value: object) -> str:
    return msgspec.json.encode(value).decode()
