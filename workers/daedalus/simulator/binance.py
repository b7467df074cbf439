"""Binance spot as its clients see it: the market streams and the requests that manage them.

Source: binance-spot-api-docs, web-socket-streams.md. Update ids of a book are consecutive (``U`` is the
last ``u`` + 1), so are trade ids and aggregate trade ids. Unknown streams are acknowledged and stay silent.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, ClassVar, cast

import msgspec

from daedalus.simulator.binance_rest import PLACES, BinanceRest
from daedalus.simulator.instruments import Instrument, instrument
from daedalus.simulator.market import Happening, Market, Mixture, Order, Step
from daedalus.simulator.notation import Notation
from daedalus.simulator.protocol import (
    Audience,
    Form,
    HttpAnswer,
    HttpRequest,
    Message,
    Session,
    VenueProtocol,
)

__all__ = ["Binance"]

_MOST_STREAMS = 1024
_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_QUOTES = ("FDUSD", "USDT", "USDC", "TUSD", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "BTC", "ETH", "BNB")
_ID = re.compile(r"[0-9A-Za-z_-]{1,36}")


class _BinanceSession(Session):
    """A form is (wrapped with the stream's name, microseconds)."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self.form = form

    def reform(self, form: Form) -> None:
        self.form = form
        self.streams = dict.fromkeys(self.streams, form)


class Binance(VenueProtocol):
    """Streams ``<symbol>@trade``, ``@aggTrade``, ``@bookTicker``, ``@depth`` and ``@depth@100ms``."""

    name: ClassVar[str] = "binance"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTCUSDT", "ETHUSDT")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = 20.0
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = 5

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        # a stream of no symbol is as good as any: it is acknowledged anyway
        self._market = market
        self._time_ns = market.time_of(0)
        self._notations = tuple(Notation.padded(each, PLACES) for each in market.instruments)
        self._rest = BinanceRest(market, self._notations)
        self._prefixes = tuple(each.symbol.lower() for each in market.instruments)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        if not symbol or symbol != symbol.upper() or not symbol.isalnum():
            raise ValueError(f"symbol {symbol!r}: binance spells symbols like BTCUSDT")
        quote = next((quote for quote in _QUOTES if symbol.endswith(quote) and symbol != quote), symbol[-3:])
        return instrument(symbol, symbol.removesuffix(quote) or symbol, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        request = HttpRequest.parse(target)
        micro = request.query.get("timeUnit", "").upper() == "MICROSECOND"
        if request.path == "/stream":
            session = _BinanceSession((True, micro))
            streams = request.query.get("streams", "").split("/")
        elif request.path == "/ws" or request.path.startswith("/ws/"):
            session = _BinanceSession((False, micro))
            streams = request.path.split("/")[2:]
        else:
            return HttpAnswer(b"", status=404)
        session.streams = {stream: session.form for stream in streams if stream}
        if len(session.streams) > _MOST_STREAMS:
            return HttpAnswer(b"", status=400)
        return session

    def receive(self, session: Session, text: str) -> Iterable[str]:
        return (_managed(session, text),)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        prefix = self._prefixes[step.place]
        self._time_ns = step.time_ns
        if step.happening is Happening.DIFF:
            for name, slow in ((f"{prefix}@depth@100ms", False), (f"{prefix}@depth", True)):
                first = self._market.diff_covers(step.update, slow=slow) if name in audience else None
                if first is not None:
                    yield from _written(name, audience, self._diff(step, first))
        elif step.happening is Happening.QUOTE:
            name = f"{prefix}@bookTicker"
            if name in audience:
                yield from _written(name, audience, self._quote(step))
        elif step.order:
            yield from self._order(step.place, step.order, prefix, audience)

    def farewell(self) -> str | None:
        # of a combined stream; a raw one would have the inner part only
        event = f'{{"e":"serverShutdown","E":{self._time_ns // 10**6}}}'
        return f'{{"stream":"!serverShutdown","data":{event}}}'

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _diff(self, step: Step, first: int) -> Callable[[int], str]:
        symbol = self._market.instruments[step.place].symbol
        bids, asks = self._market.books[step.place].changes(first, step.update)
        levels = self._notations[step.place].levels
        rest = f'"s":"{symbol}","U":{first},"u":{step.update},"b":{levels(bids)},"a":{levels(asks)}}}'
        return lambda unit: f'{{"e":"depthUpdate","E":{step.time_ns // unit},{rest}'

    def _quote(self, step: Step) -> Callable[[int], str]:
        top = self._market.books[step.place].top(step.update)
        notation = self._notations[step.place]
        price, amount = notation.price, notation.amount
        text = (
            f'{{"u":{step.update},"s":"{self._market.instruments[step.place].symbol}",'
            f'"b":"{price(top.bid)}","B":"{amount(top.bid_amount)}",'
            f'"a":"{price(top.ask)}","A":"{amount(top.ask_amount)}"}}'
        )
        return lambda unit: text

    def _order(self, place: int, order: Order, prefix: str, audience: Audience) -> Iterator[Message]:
        symbol = self._market.instruments[place].symbol
        maker = "false" if order.buy else "true"  # m: the buyer was the maker, so the taker sold
        notation = self._notations[place]
        price = notation.price(order.price)
        name = f"{prefix}@trade"
        for fill in order.fills if name in audience else ():
            amount = notation.amount(fill.amount)

            def trade(unit: int, trade_id: int = fill.id, amount: str = amount) -> str:
                time = order.time_ns // unit
                return (
                    f'{{"e":"trade","E":{time},"s":"{symbol}","t":{trade_id},"p":"{price}",'
                    f'"q":"{amount}","T":{time},"m":{maker},"M":true}}'
                )

            yield from _written(name, audience, trade)
        name = f"{prefix}@aggTrade"
        if order.told and name in audience:
            total = notation.amount(order.amount)

            def aggregate(unit: int) -> str:
                time = order.time_ns // unit
                return (
                    f'{{"e":"aggTrade","E":{time},"s":"{symbol}","a":{order.id},"p":"{price}","q":"{total}",'
                    f'"f":{order.first},"l":{order.last},"T":{time},"m":{maker},"M":true}}'
                )

            yield from _written(name, audience, aggregate)


def _managed(session: Session, text: str) -> str:
    """Do what a request asks for, and the answer to it."""
    own = cast(_BinanceSession, session)
    try:
        request = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return _answer(error=(3, "Invalid JSON: expected value at line 1 column 1"))
    if not isinstance(request, dict) or "method" not in request:
        return _answer(error=(2, "Invalid request: missing field `method` at line 1 column 1"))
    request_id, params = request.get("id"), request.get("params", [])
    if not _is_id(request_id):
        return _answer(error=(2, "Invalid request: request ID must be an unsigned integer"))
    if request["method"] not in _METHODS:
        expected = ", ".join(f"`{method}`" for method in _METHODS)
        problem = f"Invalid request: unknown variant `{request['method']}`, expected one of {expected}"
        return _answer(request_id, error=(2, problem))
    if not isinstance(params, list):
        return _answer(request_id, error=(2, "Invalid request: invalid type: expected a sequence"))
    if request["method"].endswith("PROPERTY"):
        return _property(own, request_id, params, write=request["method"] == "SET_PROPERTY")
    if not all(isinstance(stream, str) for stream in params):
        return _answer(request_id, error=(2, "Invalid request: invalid type: expected a string"))
    return _streams(own, request["method"], request_id, params)


def _written(stream: str, audience: Audience, text: Callable[[int], str]) -> Iterator[Message]:
    """A payload in each form that is asked for; ``text`` takes the ns in one unit of time."""
    for form in audience[stream]:
        wrapped, micro = form
        payload = text(1000 if micro else 1_000_000)
        yield stream, form, f'{{"stream":"{stream}","data":{payload}}}' if wrapped else payload


def _is_id(value: object) -> bool:
    if isinstance(value, str):
        return _ID.fullmatch(value) is not None
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _answer(
    request_id: int | str | None = None, *, result: object = None, error: tuple[int, str] | None = None
) -> str:
    body: dict[str, object] = {"error": {"code": error[0], "msg": error[1]}} if error else {"result": result}
    return msgspec.json.encode({**body, "id": request_id}).decode()


def _streams(session: _BinanceSession, method: str, request_id: int | str | None, streams: list[str]) -> str:
    if method == "LIST_SUBSCRIPTIONS":
        return _answer(request_id, result=list(session.streams))
    if method == "SUBSCRIBE":
        if len(session.streams.keys() | set(streams)) > _MOST_STREAMS:
            return _answer(request_id, error=(2, "Invalid request: too many parameters"))
        session.streams.update(dict.fromkeys(streams, session.form))
    else:
        for stream in streams:
            session.streams.pop(stream, None)
    return _answer(request_id)


def _property(
    session: _BinanceSession, request_id: int | str | None, params: list[Any], *, write: bool
) -> str:
    if not params or not isinstance(params[0], str):
        return _answer(request_id, error=(2, "Invalid request: property name must be a string"))
    if params[0] != "combined":
        return _answer(request_id, error=(0, "Unknown property"))
    if not write:
        return _answer(request_id, result=session.form[0])
    if len(params) != 2 or not isinstance(params[1], bool):
        return _answer(request_id, error=(1, "Invalid value type: expected Boolean"))
    session.reform((params[1], session.form[1]))
    return _answer(request_id)
