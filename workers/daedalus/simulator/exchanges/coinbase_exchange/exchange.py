"""Coinbase Exchange as its clients see it: the public websocket feed.

Source: docs.cdp.coinbase.com, exchange/websocket-feed. Trade ids of a product are consecutive; a heartbeat
names the last one every second; ``side`` of a match is the maker's. Books are a snapshot and then batches
without ids. In its list of subscriptions the feed calls ``level2_batch`` ``level2_50``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import msgspec

from ...instruments import Instrument, instrument
from ...market import Fill, Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from .requests import CHANNELS, Refusal, Wish, listed, read
from .rest import CoinbaseExchangeRest
from .text import (
    currency,
    order_uuid,
    product,
    sequence,
    time_text,
)

__all__ = ["CoinbaseExchange"]

_PLAIN = ()  # the only form there is
_STATUS_SECONDS = 5


class CoinbaseExchange(ExchangeProtocol):
    """Channels matches, level2_batch (level2 for signed requests), ticker, heartbeat and status.

    A stream is named ``<channel>:<product>``; status has no product. Signatures are not verified.
    """

    name: ClassVar[str] = "coinbase_exchange"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC-USD", "ETH-USD")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.05, orders_in=2)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = 5.0
    requests_per_second: ClassVar[int | None] = 100

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)
        self._rest = CoinbaseExchangeRest(market, self._notations)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._known = None if any_symbol else self._places.keys()

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, dash, quote = symbol.partition("-")
        if not (base and dash and quote) or symbol != symbol.upper():
            raise ValueError(f"symbol {symbol!r}: coinbase_exchange spells products like BTC-USD")
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        return Session() if HttpRequest.parse(target).path in ("", "/") else HttpAnswer(b"", status=404)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        try:
            wishes = read(text, self._known)
        except Refusal as refusal:
            return (refusal.text,)
        for wish in wishes:
            _grant(session, wish)
        return (listed(session.streams),)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, _, symbol = stream.partition(":")
        if channel == "status":
            yield self._status()
            return
        place = self._places[symbol]
        update = self._market.update_at(place, step)
        last = self._market.order(place, self._market.last_order(place, step))
        if channel == "matches":
            yield self._match("last_match", place, last, last.fills[-1])
        elif channel == "ticker":
            yield self._ticker(place, last)
        elif channel in ("level2", "level2_batch"):
            bids, asks = self._market.books[place].levels(update)
            levels = self._notations[place].levels
            yield (
                f'{{"type":"snapshot","product_id":"{symbol}","asks":{levels(asks)},"bids":{levels(bids)},'
                f'"time":"{time_text(self._market.time_of(step))}"}}'
            )

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        symbol = self._market.instruments[step.place].symbol
        if (stream := f"level2:{symbol}") in audience:
            yield stream, _PLAIN, self._changes(step, step.update)
        if step.happening is Happening.DIFF and (stream := f"level2_batch:{symbol}") in audience:
            yield stream, _PLAIN, self._changes(step, step.update - self._market.diff_every + 1)
        elif step.happening is Happening.QUOTE and (stream := f"ticker:{symbol}") in audience:
            last = self._market.order(step.place, self._market.order_before(step.update))
            yield stream, _PLAIN, self._ticker(step.place, last)
        elif step.order and (stream := f"matches:{symbol}") in audience:
            for fill in step.order.fills:
                yield stream, _PLAIN, self._match("match", step.place, step.order, fill)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for place, each in enumerate(self._market.instruments):
            if (stream := f"heartbeat:{each.symbol}") in audience:
                last = self._market.order(place, self._market.last_order(place, step)).last
                number = sequence(self._market.update_at(place, step))
                yield (
                    stream,
                    _PLAIN,
                    f'{{"type":"heartbeat","last_trade_id":{last},"product_id":"{each.symbol}",'
                    f'"sequence":{number},"time":"{time_text(second * 10**9)}"}}',
                )
        if "status" in audience and second % _STATUS_SECONDS == 0:
            yield "status", _PLAIN, self._status()

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _match(self, kind: str, place: int, order: Order, fill: Fill) -> str:
        notation, part = self._notations[place], fill.id - order.first
        return (
            f'{{"type":"{kind}","trade_id":{fill.id},"maker_order_id":"{order_uuid(order, part + 1)}",'
            f'"taker_order_id":"{order_uuid(order, 0)}","side":"{"sell" if order.buy else "buy"}",'
            f'"size":"{notation.amount(fill.amount)}","price":"{notation.price(order.price)}",'
            f'"product_id":"{self._market.instruments[place].symbol}",'
            f'"sequence":{sequence(order.update, part)},"time":"{time_text(order.time_ns)}"}}'
        )

    def _changes(self, step: Step, first: int) -> str:
        notation = self._notations[step.place]
        bids, asks = self._market.books[step.place].changes(first, step.update)
        changes = ",".join(
            f'["{side}","{notation.price(price)}","{notation.amount(amount)}"]'
            for side, levels in (("buy", bids), ("sell", asks))
            for price, amount in levels
        )
        return (
            f'{{"type":"l2update","product_id":"{self._market.instruments[step.place].symbol}",'
            f'"changes":[{changes}],"time":"{time_text(step.time_ns)}"}}'
        )

    def _ticker(self, place: int, last: Order) -> str:
        """The ticker of a trade, with the book as the trade left it."""
        notation = self._notations[place]
        top, day = self._market.books[place].top(last.update), self._rest.day(place, last)
        return (
            f'{{"type":"ticker","sequence":{sequence(last.update, len(last.fills) - 1)},'
            f'"product_id":"{self._market.instruments[place].symbol}","price":"{notation.price(last.price)}",'
            f'"open_24h":"{notation.price(day.open)}","volume_24h":"{notation.amount(day.volume)}",'
            f'"low_24h":"{notation.price(day.low)}","high_24h":"{notation.price(day.high)}",'
            f'"volume_30d":"{notation.amount(day.volume * 30)}","best_bid":"{notation.price(top.bid)}",'
            f'"best_bid_size":"{notation.amount(top.bid_amount)}","best_ask":"{notation.price(top.ask)}",'
            f'"best_ask_size":"{notation.amount(top.ask_amount)}","side":"{"buy" if last.buy else "sell"}",'
            f'"time":"{time_text(last.time_ns)}","trade_id":{last.last},'
            f'"last_size":"{notation.amount(last.fills[-1].amount)}"}}'
        )

    def _status(self) -> str:
        instruments = self._market.instruments
        names = sorted({name for each in instruments for name in (each.base, each.quote)})
        products = [product(each, self._notations[place]) for place, each in enumerate(instruments)]
        body: dict[str, Any] = {"type": "status", "products": products}
        return msgspec.json.encode({**body, "currencies": [currency(name) for name in names]}).decode()


def _grant(session: Session, wish: Wish) -> None:
    streams = [
        f"{wish.channel}:{symbol}" if CHANNELS[wish.channel] else wish.channel
        for symbol in (wish.products if CHANNELS[wish.channel] else ("",))
    ]
    for stream in streams:
        if wish.subscribe:
            session.streams[stream] = _PLAIN
        else:
            session.streams.pop(stream, None)
