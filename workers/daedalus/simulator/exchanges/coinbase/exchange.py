"""Coinbase Advanced Trade as its clients see it: the market data websocket.

Source: docs.cdp.coinbase.com, coinbase-app/advanced-trade-apis/websocket. Every frame of a connection is
numbered from 0, acknowledgements and heartbeats too; errors are not. ``level2`` arrives as ``l2_data``, its
asks are called ``offer``. Trades come newest first, with the maker's side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import islice
from typing import Any, ClassVar

import msgspec

from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import (
    Audience,
    ExchangeProtocol,
    Form,
    HttpAnswer,
    HttpRequest,
    Message,
    Session,
)
from ..coinbase_exchange.text import time_text
from .rest import CoinbaseRest, trades_of

__all__ = ["Coinbase"]

_PLAIN: Form = ()
_CHANNELS = ("market_trades", "level2", "ticker")
_HEARTBEATS = "heartbeats"
_RECENT_TRADES = 100
_NUMBER = '"sequence_num":#'
"""A placeholder for the frame number, which each connection fills in."""


class _Numbered(Session):
    """A connection that counts its frames."""

    def __init__(self) -> None:
        super().__init__()
        self.frames = 0


class _Refusal(Exception):  # noqa: N818 - an answer of the exchange, not an error
    """A request that is refused as a whole."""


class Coinbase(ExchangeProtocol):
    """Channels market_trades, level2, ticker and heartbeats; no key is needed.

    A stream is named ``<channel>:<product>``; heartbeats have no product.
    """

    name: ClassVar[str] = "coinbase"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC-USD", "ETH-USD")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.05, orders_in=3)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = 5.0
    requests_per_second: ClassVar[int | None] = 8

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)
        self._rest = CoinbaseRest(market, self._notations)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._known = None if any_symbol else self._places.keys()
        self._now_ns = market.time_of(0)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, dash, quote = symbol.partition("-")
        if not (base and dash and quote) or symbol != symbol.upper():
            raise ValueError(f"symbol {symbol!r}: coinbase spells products like BTC-USD")
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        return _Numbered() if HttpRequest.parse(target).path in ("", "/") else HttpAnswer(b"", status=404)

    def frame(self, session: Session, text: str) -> str:
        if _NUMBER not in text:
            return text
        assert isinstance(session, _Numbered)
        number, session.frames = session.frames, session.frames + 1
        return text.replace(_NUMBER, f'"sequence_num":{number}', 1)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        try:
            kind, streams = self._wish(text)
        except _Refusal as refusal:
            return (_json({"type": "error", "message": str(refusal)}),)
        for stream in streams:
            if kind == "subscribe":
                session.streams[stream] = _PLAIN
            else:
                session.streams.pop(stream, None)
        listed: dict[str, list[str]] = {}
        for stream in session.streams:
            channel, _, product = stream.partition(":")
            listed.setdefault(channel, []).append(product or channel)
        return (self._message("subscriptions", f'{{"subscriptions":{_json(listed)}}}', self._now_ns),)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, _, product = stream.partition(":")
        if product not in self._places:
            return
        place = self._places[product]
        update, now_ns = self._market.update_at(place, step), self._market.time_of(step)
        last = self._market.last_order(place, step)
        if channel == "market_trades":
            numbers = range(last, max(last - _RECENT_TRADES, self._market.first_order(place)), -1)
            trades = (
                trade
                for number in numbers
                for trade in trades_of(product, self._notations[place], self._market.order(place, number))
            )
            yield self._trades("snapshot", list(islice(trades, _RECENT_TRADES)), now_ns)
        elif channel == "level2":
            yield self._book("snapshot", place, self._market.books[place].levels(update), now_ns)
        else:
            yield self._ticker("snapshot", place, update, self._market.order(place, last), now_ns)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        self._now_ns = step.time_ns
        place = step.place
        product = self._market.instruments[place].symbol
        if step.happening is Happening.DIFF and (stream := f"level2:{product}") in audience:
            first = step.update - self._market.diff_every + 1
            sides = self._market.books[place].changes(first, step.update)
            yield stream, _PLAIN, self._book("update", place, sides, step.time_ns)
        if step.order is None or not step.order.fills:
            return
        if (stream := f"market_trades:{product}") in audience:
            trades = trades_of(product, self._notations[place], step.order)
            yield stream, _PLAIN, self._trades("update", trades, step.time_ns)
        if (stream := f"ticker:{product}") in audience:
            yield stream, _PLAIN, self._ticker("update", place, step.update, step.order, step.time_ns)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        self._now_ns = second * 10**9
        if _HEARTBEATS in audience:
            now = f"{datetime.fromtimestamp(second, UTC):%Y-%m-%d %H:%M:%S}.000000000 +0000 UTC"
            event = f'{{"current_time":"{now} m=+{second % 10**6}.000000000","heartbeat_counter":{second}}}'
            yield _HEARTBEATS, _PLAIN, self._message(_HEARTBEATS, event, self._now_ns)

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _wish(self, text: str) -> tuple[str, list[str]]:
        """Read a request: subscribe or unsubscribe, and the streams."""
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            raise _Refusal("failure to parse request") from None
        kind = request.get("type") if isinstance(request, dict) else None
        if kind not in ("subscribe", "unsubscribe"):
            raise _Refusal("failure to parse request")
        channel, products = request.get("channel"), request.get("product_ids") or []
        if channel == _HEARTBEATS:
            return kind, [_HEARTBEATS]
        if channel not in _CHANNELS or not isinstance(products, list) or not products:
            raise _Refusal("failure to subscribe")
        return kind, [f"{channel}:{self._product(product)}" for product in products]

    def _product(self, name: object) -> str:
        """The product of a name: USDC names stand for the book in USD, too."""
        if self._known is None or name in self._known:
            return str(name)
        dollar = str(name).removesuffix("C")
        if str(name).endswith("-USDC") and dollar in self._known:
            return dollar
        raise _Refusal("failure to subscribe")

    def _message(self, channel: str, event: str, time_ns: int) -> str:
        return (
            f'{{"channel":"{channel}","client_id":"","timestamp":"{_time(time_ns)}",{_NUMBER},'
            f'"events":[{event}]}}'
        )

    def _trades(self, kind: str, trades: list[dict[str, str]], time_ns: int) -> str:
        return self._message("market_trades", f'{{"type":"{kind}","trades":{_json(trades)}}}', time_ns)

    def _book(self, kind: str, place: int, sides: tuple[Any, Any], time_ns: int) -> str:
        notation, time = self._notations[place], time_text(time_ns)
        updates = ",".join(
            f'{{"side":"{side}","event_time":"{time}","price_level":"{notation.price(price)}",'
            f'"new_quantity":"{notation.amount(amount) if amount else "0"}"}}'
            for side, levels in zip(("bid", "offer"), sides, strict=True)
            for price, amount in levels
        )
        product = self._market.instruments[place].symbol
        event = f'{{"type":"{kind}","product_id":"{product}","updates":[{updates}]}}'
        return self._message("l2_data", event, time_ns)

    def _ticker(self, kind: str, place: int, update: int, last: Order, time_ns: int) -> str:
        notation, top = self._notations[place], self._market.books[place].top(update)
        ticker = {
            "type": "ticker",
            "product_id": self._market.instruments[place].symbol,
            "price": notation.price(last.price),
            "best_bid": notation.price(top.bid),
            "best_bid_quantity": notation.amount(top.bid_amount),
            "best_ask": notation.price(top.ask),
            "best_ask_quantity": notation.amount(top.ask_amount),
        }
        return self._message("ticker", f'{{"type":"{kind}","tickers":[{_json(ticker)}]}}', time_ns)


def _time(time_ns: int) -> str:
    seconds, rest = divmod(time_ns, 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{rest:09d}Z"


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
