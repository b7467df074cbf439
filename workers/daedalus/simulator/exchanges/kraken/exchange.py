"""Kraken as its clients see it: websocket v2, market data.

Source: docs.kraken.com, exchange/api-reference/spot-websocket-v2: introduction, book, trade, ticker,
status, heartbeat. Prices and quantities are JSON numbers with all their zeros. Each symbol is answered
separately, and refusals do not name the channel.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any, ClassVar

import msgspec

from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...protocol import (
    Audience,
    ExchangeProtocol,
    Form,
    HttpAnswer,
    HttpRequest,
    Message,
    Session,
)
from .books import DEPTHS, KrakenBooks
from .rest import KrakenRest

__all__ = ["Kraken"]

_PLAIN: Form = ()
_CHANNELS = ("trade", "book", "ticker")
_HEARTBEAT = "heartbeat"
_QUIET = "quiet-"
"""The prefix of a stream that was subscribed to without a snapshot."""

_RECENT_TRADES = 50


class _Refusal(Exception):  # noqa: N818 - an answer of the exchange, not an error
    """A request that is refused for one symbol or, without one, as a whole."""

    def __init__(self, error: str, symbol: str | None = None) -> None:
        super().__init__(error)
        self.symbol = symbol


class Kraken(ExchangeProtocol):
    """Channels trade, book (at five depths) and ticker; heartbeats and status are sent unasked.

    A stream is named ``trade:<symbol>``, ``book-<depth>:<symbol>``, ``ticker-bbo:<symbol>`` or
    ``ticker-trades:<symbol>``.
    """

    name: ClassVar[str] = "kraken"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC/USD", "ETH/USD")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.05, orders_in=3)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = 60.0
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._books = KrakenBooks(market)
        self._rest = KrakenRest(market)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._known = None if any_symbol else self._places.keys()
        self._numbers = count(13_834_774_380_200_032_777)
        self._now_ns = market.time_of(0)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, slash, quote = symbol.partition("/")
        plain = base.removesuffix("x") + quote
        if not (base and slash and quote) or plain != plain.upper():
            raise ValueError(f"symbol {symbol!r}: kraken spells pairs like BTC/USD, and AAPLx/USD")
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        return Session() if HttpRequest.parse(target).path == "/v2" else HttpAnswer(b"", status=404)

    def open(self, session: Session) -> Iterable[str]:
        data = {"version": "2.0.10", "system": "online", "api_version": "v2"}
        status = {**data, "connection_id": next(self._numbers)}
        return (_json({"channel": "status", "type": "update", "data": [status]}),)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        request: Any = {}
        try:
            request = _request(text)
            if request["method"] == "ping":
                return (self._answer(request, {"method": "pong"}),)
            params = request["params"]
            return [self._grant(session, request, params, symbol) for symbol in params["symbol"]]
        except _Refusal as refusal:
            return (self._refused(request, refusal),)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        kind, _, symbol = stream.partition(":")
        channel, _, option = kind.partition("-")
        if symbol not in self._places or channel == "quiet":
            return
        place = self._places[symbol]
        update = self._market.update_at(place, step)
        last = self._market.last_order(place, step)
        if channel == "trade":
            orders = range(max(last - _RECENT_TRADES, self._market.first_order(place)), last + 1)
            trades = [
                trade for number in orders for trade in self._trades(place, self._market.order(place, number))
            ]
            yield _message(channel, "snapshot", ",".join(trades[-_RECENT_TRADES:]))
        elif channel == "book":
            told = update - update % self._market.diff_every  # the state up to the last update
            fields = self._books.snapshot(place, told, int(option))
            yield self._book("snapshot", symbol, fields, self._market.time_of(step))
        else:
            yield self._ticker("snapshot", place, update, self._market.time_of(step))

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        self._now_ns = step.time_ns
        place = step.place
        symbol = self._market.instruments[place].symbol
        if step.happening is Happening.DIFF:
            first = step.update - self._market.diff_every + 1
            for depth in DEPTHS:
                for stream in _heard(f"book-{depth}:{symbol}", audience):
                    fields = self._books.changes(place, first, step.update, depth)
                    if fields is not None:
                        yield stream, _PLAIN, self._book("update", symbol, fields, step.time_ns)
            return
        trigger = "bbo" if step.happening is Happening.QUOTE else "trades"
        for stream in _heard(f"ticker-{trigger}:{symbol}", audience):
            yield stream, _PLAIN, self._ticker("update", place, step.update, step.time_ns)
        if step.order and step.order.fills:
            for stream in _heard(f"trade:{symbol}", audience):
                trades = ",".join(self._trades(place, step.order))
                yield stream, _PLAIN, _message("trade", "update", trades)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        self._now_ns = second * 10**9
        if _HEARTBEAT in audience:
            yield _HEARTBEAT, _PLAIN, '{"channel":"heartbeat"}'

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _grant(
        self, session: Session, request: dict[str, Any], params: dict[str, Any], symbol: object
    ) -> str:
        """The answer for one symbol, after the session has subscribed."""
        try:
            stream, result = self._wanted(params, symbol)
            mine = [name for name in session.streams if _family(name) == _family(stream)]
            if request["method"] == "unsubscribe":
                if not mine:
                    raise _Refusal("Subscription Not Found", str(symbol))
                for name in mine:
                    del session.streams[name]
            elif mine:
                raise _Refusal("Already subscribed", str(symbol))
            else:
                quiet = "" if result["snapshot"] else _QUIET
                session.streams[quiet + stream] = _PLAIN
                session.streams[_HEARTBEAT] = _PLAIN
        except _Refusal as refusal:
            return self._refused(request, refusal)
        return self._answer(request, {"method": request["method"], "result": result, "success": True})

    def _wanted(self, params: dict[str, Any], symbol: object) -> tuple[str, dict[str, Any]]:
        """The requested stream, and its description in the answer."""
        channel = params.get("channel")
        if channel not in _CHANNELS:
            raise _Refusal(f"Channel not supported {channel}")
        if not isinstance(symbol, str) or (self._known is not None and symbol not in self._known):
            raise _Refusal(f"Currency pair not supported {symbol}", str(symbol))
        snapshot = params.get("snapshot", channel != "trade")
        result: dict[str, Any] = {"channel": channel, "snapshot": snapshot, "symbol": symbol}
        if channel == "trade":
            return f"trade:{symbol}", result
        if channel == "book":
            depth = params.get("depth", DEPTHS[0])
            if depth not in DEPTHS:
                raise _Refusal("Subscription depth not supported")
            return f"book-{depth}:{symbol}", {**result, "depth": depth}
        trigger = params.get("event_trigger", "trades")
        if trigger not in ("bbo", "trades"):
            raise _Refusal("Event trigger not supported")
        return f"ticker-{trigger}:{symbol}", {**result, "event_trigger": trigger}

    def _refused(self, request: dict[str, Any], refusal: _Refusal) -> str:
        answer: dict[str, Any] = {"error": str(refusal), "method": request.get("method"), "success": False}
        if refusal.symbol is not None:
            answer["symbol"] = refusal.symbol
        return self._answer(request, answer)

    def _answer(self, request: dict[str, Any], answer: dict[str, Any]) -> str:
        now = _time(self._now_ns)
        number = {"req_id": request["req_id"]} if "req_id" in request else {}
        return _json({**answer, **number, "time_in": now, "time_out": now})

    def _trades(self, place: int, order: Order) -> list[str]:
        notation, symbol = self._books.notations[place], self._market.instruments[place].symbol
        return [
            f'{{"symbol":"{symbol}","side":"{"buy" if order.buy else "sell"}",'
            f'"price":{notation.price(order.price)},"qty":{notation.amount(fill.amount)},'
            f'"ord_type":"market","trade_id":{fill.id},"timestamp":"{_time(order.time_ns)}"}}'
            for fill in order.fills
        ]

    def _book(self, kind: str, symbol: str, fields: str, time_ns: int) -> str:
        return _message("book", kind, f'{{"symbol":"{symbol}",{fields},"timestamp":"{_time(time_ns)}"}}')

    def _ticker(self, kind: str, place: int, update: int, time_ns: int) -> str:
        notation, symbol = self._books.notations[place], self._market.instruments[place].symbol
        top = self._market.books[place].top(update)
        last = self._market.order(place, self._market.order_before(update + 1))
        return _message(
            "ticker",
            kind,
            f'{{"symbol":"{symbol}","bid":{notation.price(top.bid)},"bid_qty":{notation.amount(top.bid_amount)},'
            f'"ask":{notation.price(top.ask)},"ask_qty":{notation.amount(top.ask_amount)},'
            f'"last":{notation.price(last.price)},"timestamp":"{_time(time_ns)}"}}',
        )


def _request(text: str) -> dict[str, Any]:
    try:
        request = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise _Refusal("Malformed request") from None
    method = request.get("method") if isinstance(request, dict) else None
    if method == "ping":
        return {**request}
    if method not in ("subscribe", "unsubscribe"):
        raise _Refusal("Method not supported")
    params = request.get("params")
    if not isinstance(params, dict) or not isinstance(params.get("symbol"), list):
        raise _Refusal("Symbol(s) must be an array")
    return {**request}


def _family(stream: str) -> tuple[str, str]:
    """Channel and symbol; a connection can have one depth or trigger of each."""
    kind, _, symbol = stream.removeprefix(_QUIET).partition(":")
    return kind.partition("-")[0], symbol


def _heard(stream: str, audience: Audience) -> list[str]:
    return [name for name in (stream, _QUIET + stream) if name in audience]


def _message(channel: str, kind: str, data: str) -> str:
    return f'{{"channel":"{channel}","type":"{kind}","data":[{data}]}}'


def _time(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06d}Z"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
