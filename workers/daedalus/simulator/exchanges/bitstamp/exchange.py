"""Bitstamp as its clients see it: public channels, one per request, and single orders.

Source: www.bitstamp.net/websocket/v2, and published measurements. Channels of an unknown market are
confirmed and stay silent. ``diff_order_book`` has no ids; each event of ``live_orders`` names the event
before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from ...instruments import Instrument, instrument
from ...market import Fill, Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from .orders import Orders
from .rest import BitstampRest, pair, trade_id

__all__ = ["Bitstamp"]

_PLAIN = ()  # the only form there is
_AMOUNT_PLACES = 8
_CHANNELS = ("live_trades_", "diff_order_book_", "live_orders_")


class Bitstamp(ExchangeProtocol):
    """Channels live_trades, diff_order_book and live_orders; streams have the names of the channels."""

    name: ClassVar[str] = "bitstamp"
    usual_symbols: ClassVar[tuple[str, ...]] = ("btcusd", "ethusd")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        # unknown markets are confirmed as well
        self._market = market
        self._notations = tuple(
            Notation(each, each.price_digits, max(each.amount_digits, _AMOUNT_PLACES))
            for each in market.instruments
        )
        self._rest = BitstampRest(market, self._notations)
        self._orders = Orders(market, self._notations)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, quote = pair(symbol)
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        return Session() if HttpRequest.parse(target).path in ("", "/") else HttpAnswer(b"", status=404)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError:
            return (_error("Incorrect JSON format."),)
        if not isinstance(request, dict):
            return (_error("Incorrect JSON format."),)
        event, data = request.get("event"), request.get("data")
        if event == "bts:heartbeat":
            return (_said("bts:heartbeat", "", {"status": "success"}),)
        channel = data.get("channel") if isinstance(data, dict) else None
        if event not in ("bts:subscribe", "bts:unsubscribe") or not isinstance(channel, str):
            return (_error("Bad subscription string."),)
        if not any(channel.startswith(prefix) and channel != prefix for prefix in _CHANNELS):
            return (_error("Bad subscription string."),)
        if event == "bts:subscribe":
            session.streams[channel] = _PLAIN
            return (_said("bts:subscription_succeeded", channel, {}),)
        session.streams.pop(channel, None)
        return (_said("bts:unsubscription_succeeded", channel, {}),)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        symbol = self._market.instruments[step.place].symbol
        if (stream := f"live_orders_{symbol}") in audience:
            for text in self._orders.told(step):
                yield stream, _PLAIN, text
        if step.happening is Happening.DIFF and (stream := f"diff_order_book_{symbol}") in audience:
            yield stream, _PLAIN, self._diff(stream, step)
        elif step.order and (stream := f"live_trades_{symbol}") in audience:
            for fill in step.order.fills:
                yield stream, _PLAIN, self._trade(stream, step.place, step.order, fill)

    def farewell(self) -> str | None:
        return '{"event":"bts:request_reconnect","channel":"","data":""}'

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _diff(self, stream: str, step: Step) -> str:
        first = step.update - self._market.diff_every + 1
        bids, asks = self._market.books[step.place].changes(first, step.update)
        levels, time = self._notations[step.place].levels, step.time_ns // 1000
        return (
            f'{{"data":{{"timestamp":"{time // 10**6}","microtimestamp":"{time}","bids":{levels(bids)},'
            f'"asks":{levels(asks)}}},"channel":"{stream}","event":"data"}}'
        )

    def _trade(self, stream: str, place: int, order: Order, fill: Fill) -> str:
        notation, time = self._notations[place], order.time_ns // 1000
        price, amount = notation.price(order.price), notation.amount(fill.amount)
        taker, maker = order.id * 4, order.id * 4 + 1 + fill.id - order.first
        buyer, seller = (taker, maker) if order.buy else (maker, taker)
        return (
            f'{{"data":{{"id":{trade_id(self._market, place, fill.id)},"timestamp":"{time // 10**6}",'
            f'"amount":{float(amount)},"amount_str":"{amount}","price":{float(price)},"price_str":"{price}",'
            f'"type":{0 if order.buy else 1},"microtimestamp":"{time}","buy_order_id":{buyer},'
            f'"sell_order_id":{seller}}},"channel":"{stream}","event":"trade"}}'
        )


def _said(event: str, channel: str, data: dict[str, Any]) -> str:
    return msgspec.json.encode({"event": event, "channel": channel, "data": data}).decode()


def _error(message: str) -> str:
    return _said("bts:error", "", {"code": None, "message": message})
