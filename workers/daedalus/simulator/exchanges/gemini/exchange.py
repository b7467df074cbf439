"""Gemini as its clients see it: the websocket API at ``ws.gemini.com``.

Source: developer.gemini.com/websocket, and published measurements. With ``?snapshot=-1`` a book begins
with all its levels, in an update whose ``U`` equals ``u``; each further update begins where the last one
ended. All books share one range of numbers. A request with one unknown stream is refused as a whole. (The
real exchange sends snapshots before it confirms; here the confirmation is first.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, cast

import msgspec

from ...book import Levels
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from ...view import View
from .rest import GeminiRest, number, pair

__all__ = ["Gemini"]

_PLAIN = ()  # the only form there is
_DEPTH = "@depth@100ms"
_STREAMS = ("@trade", "@bookTicker", _DEPTH)
_WHOLE = 10**6  # levels on each side: all there are
_AMOUNT_PLACES = 10


class _GeminiSession(Session):
    """``levels``: number of levels that books begin with; -1: all, 0: no snapshot."""

    def __init__(self, snapshot: int) -> None:
        super().__init__()
        self.snapshot = snapshot


class Gemini(ExchangeProtocol):
    """Streams ``<symbol>@trade``, ``@depth@100ms`` and ``@bookTicker``.

    The name of a book's stream ends with ``#<levels>`` unless it begins with the whole book.
    """

    name: ClassVar[str] = "gemini"
    usual_symbols: ClassVar[tuple[str, ...]] = ("btcusd", "ethusd")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = 20.0
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = 700

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(
            Notation(each, each.price_digits + 2, max(each.amount_digits, _AMOUNT_PLACES))
            for each in market.instruments
        )
        self._rest = GeminiRest(market, self._notations)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._known = None if any_symbol else self._places.keys()
        self._books = tuple(View(book, _WHOLE) for book in market.books)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, quote = pair(symbol)
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        request = HttpRequest.parse(target)
        if request.path not in ("", "/"):
            return HttpAnswer(b"", status=404)
        wish = request.query.get("snapshot", "0")
        if not wish.removeprefix("-").isdecimal():
            return HttpAnswer(b"", status=400)
        return _GeminiSession(max(-1, int(wish)))

    def receive(self, session: Session, text: str) -> Iterable[str]:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return (_answer(None, error=(-1013, "Invalid JSON")),)
        if not isinstance(request, dict):
            return (_answer(None, error=(-1013, "Invalid request")),)
        request_id, method, params = request.get("id"), request.get("method"), request.get("params") or []
        own = cast(_GeminiSession, session)
        match method.lower() if isinstance(method, str) else None:
            case "ping":
                return (_answer(request_id),)
            case "conninfo":
                limits = [
                    {
                        "rateLimitType": "REQUEST_WEIGHT",
                        "interval": "SECOND",
                        "intervalNum": 10,
                        "limit": 7000,
                    }
                ]
                return (_answer(request_id, result={"rateLimits": limits}),)
            case "list_subscriptions":
                return (_answer(request_id, result=[name.partition("#")[0] for name in own.streams]),)
            case "subscribe" | "unsubscribe" as verb:
                return (self._manage(own, request_id, params, subscribe=verb == "subscribe"),)
        return (_answer(request_id, error=(-1013, f"Unknown method: {method}")),)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        name, _, levels = stream.partition("#")
        symbol, channel = name.split("@", 1)
        if f"@{channel}" != _DEPTH or levels == "0":
            return
        place = self._places[symbol]
        # the state at the last update, so that the next update follows it
        update = self._market.update_at(place, step)
        update -= update % self._market.diff_every
        bids, asks = self._books[place].levels(update)
        limit = int(levels) if levels else None
        yield self._depth(place, (bids[:limit], asks[:limit]), update, update, self._market.time_of(step))

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        symbol = self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            name = symbol + _DEPTH
            streams = [each for each in audience if each.startswith(name)]
            if streams:
                before = step.update - self._market.diff_every
                sides = self._books[step.place].changes(before, step.update)
                text = self._depth(step.place, sides, before, step.update, step.time_ns)
                yield from ((stream, _PLAIN, text) for stream in streams)
        elif step.happening is Happening.QUOTE:
            if (stream := f"{symbol}@bookTicker") in audience:
                yield stream, _PLAIN, self._top(step)
        elif step.order and (stream := f"{symbol}@trade") in audience:
            yield from ((stream, _PLAIN, text) for text in self._trades(step.place, step.order))

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _manage(self, session: _GeminiSession, request_id: object, params: object, *, subscribe: bool) -> str:
        if not isinstance(params, list) or not params or not all(isinstance(each, str) for each in params):
            return _answer(request_id, error=(-1013, "Invalid params"))
        streams = []
        for name in params:
            symbol, at, channel = name.partition("@")
            symbol = symbol.lower()
            if at + channel not in _STREAMS or (self._known is not None and symbol not in self._known):
                return _answer(request_id, error=(-1013, f"Invalid stream name: {name}"))
            part = session.snapshot >= 0 and at + channel == _DEPTH
            streams.append(f"{symbol}@{channel}#{session.snapshot}" if part else f"{symbol}@{channel}")
        for stream in streams:
            if subscribe:
                session.streams[stream] = _PLAIN
            else:
                session.streams.pop(stream, None)
        return _answer(request_id)

    def _depth(self, place: int, sides: tuple[Levels, Levels], before: int, update: int, time_ns: int) -> str:
        levels, symbol = self._notations[place].levels, self._market.instruments[place].symbol
        first, last = (number(self._market, place, each) for each in (before, update))
        return (
            f'{{"e":"depthUpdate","E":{time_ns},"s":"{symbol}","U":{first},"u":{last},'
            f'"b":{levels(sides[0])},"a":{levels(sides[1])}}}'
        )

    def _top(self, step: Step) -> str:
        top, notation = self._market.books[step.place].top(step.update), self._notations[step.place]
        price, amount = notation.price, notation.amount
        return (
            f'{{"u":{number(self._market, step.place, step.update)},"E":{step.time_ns},'
            f'"s":"{self._market.instruments[step.place].symbol}","b":"{price(top.bid)}",'
            f'"B":"{amount(top.bid_amount)}","a":"{price(top.ask)}","A":"{amount(top.ask_amount)}"}}'
        )

    def _trades(self, place: int, order: Order) -> Iterator[str]:
        notation, symbol = self._notations[place], self._market.instruments[place].symbol
        maker = "false" if order.buy else "true"  # m: the buyer was the maker, so the taker sold
        for fill in order.fills:
            yield (
                f'{{"E":{order.time_ns},"s":"{symbol}","t":{number(self._market, place, fill.id)},'
                f'"p":"{notation.price(order.price)}","q":"{notation.amount(fill.amount)}","m":{maker}}}'
            )


def _answer(request_id: object, *, result: object = None, error: tuple[int, str] | None = None) -> str:
    body: dict[str, object] = {} if request_id is None else {"id": request_id}
    body["status"] = 400 if error else 200
    if error:
        body["error"] = {"code": error[0], "msg": error[1]}
    elif result is not None:
        body["result"] = result
    return msgspec.json.encode(body).decode()
