"""Deribit as its clients see it: public subscriptions over JSON-RPC.

Source: docs.deribit.com, "Subscriptions" and "Session management". Trades are numbered per instrument;
books begin with a snapshot, and each change names the change before. Unknown channels are left out of the
answer, ``raw`` ones need a key, and subscribing twice changes nothing. A connection that asked for
heartbeats receives them, every second one as a ``test_request``. (Not simulated: closing a connection that
does not answer them.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar

from ...book import Levels
from ...contracts import contract
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from ...view import View
from .requests import HEARTBEAT, Requests
from .rest import DeribitRest
from .text import MILLISECOND, notification, trade

__all__ = ["Deribit"]

_PLAIN = ()  # the only form there is
_WHOLE = 10**6  # levels on each side: all there are


class Deribit(ExchangeProtocol):
    """Channels trades, book and ticker every 100 ms, and quote; streams have the names of the channels."""

    name: ClassVar[str] = "deribit"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC-PERPETUAL", "ETH-PERPETUAL")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = 20

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)
        self._rest = DeribitRest(market, self._notations)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._requests = Requests(None if any_symbol else self._places.keys())
        self._books = tuple(View(book, _WHOLE) for book in market.books)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        pair, dash, _ = symbol.partition("-")
        base, _, quote = pair.partition("_")
        if not base or (not dash and not quote) or pair != pair.upper():
            raise ValueError(f"symbol {symbol!r}: deribit spells instruments like BTC-PERPETUAL or BTC_USDC")
        return instrument(symbol, base, quote or "USD")

    def connect(self, target: str) -> Session | HttpAnswer:
        path = HttpRequest.parse(target).path
        return Session() if path == "/ws/api/v2" else HttpAnswer(b"", status=404)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        return self._requests.answers(session, text)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, place = self._stream(stream)
        update = self._market.update_at(place, step)
        if channel == "book":
            # the state at the last change, so that the next change follows it
            update -= update % self._market.diff_every
            sides = self._books[place].levels(update)
            yield self._book(stream, place, sides, update, None, self._market.time_of(step))
        elif channel == "quote":
            yield self._quote(stream, place, update, self._market.time_of(step))
        elif channel == "ticker":
            yield self._ticker(stream, place, step)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        place, symbol = step.place, self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            if (stream := f"book.{symbol}.100ms") in audience:
                before = step.update - self._market.diff_every
                sides = self._books[place].changes(before, step.update)
                yield stream, _PLAIN, self._book(stream, place, sides, step.update, before, step.time_ns)
        elif step.happening is Happening.QUOTE:
            if (stream := f"quote.{symbol}") in audience:
                yield stream, _PLAIN, self._quote(stream, place, step.update, step.time_ns)
            if (stream := f"ticker.{symbol}.100ms") in audience:
                yield stream, _PLAIN, self._ticker(stream, place, self._market.step_at(step.time_ns))
        elif step.order and step.order.fills and (stream := f"trades.{symbol}.100ms") in audience:
            each, notation = self._market.instruments[place], self._notations[place]
            trades = ",".join(trade(each, notation, step.order, fill) for fill in step.order.fills)
            yield stream, _PLAIN, notification(stream, f"[{trades}]")

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for stream in audience:
            if stream.startswith(HEARTBEAT):
                turn, due = divmod(second, int(stream.removeprefix(HEARTBEAT)))
                if due == 0:
                    kind = "heartbeat" if turn % 2 else "test_request"
                    text = f'{{"jsonrpc":"2.0","method":"heartbeat","params":{{"type":"{kind}"}}}}'
                    yield stream, _PLAIN, text

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _stream(self, stream: str) -> tuple[str, int]:
        channel, _, rest = stream.partition(".")
        return channel, self._places.get(rest.partition(".")[0], 0)

    def _book(
        self,
        stream: str,
        place: int,
        sides: tuple[Levels, Levels],
        update: int,
        before: int | None,
        time_ns: int,
    ) -> str:
        kind = "snapshot" if before is None else "change"
        link = "" if before is None else f'"prev_change_id":{before},'
        known = ([], []) if before is None else self._books[place].levels(before)
        bids, asks = (self._levels(place, *each) for each in zip(sides, known, strict=True))
        return notification(
            stream,
            f'{{"type":"{kind}","timestamp":{time_ns // MILLISECOND},{link}'
            f'"instrument_name":"{self._market.instruments[place].symbol}","change_id":{update},'
            f'"bids":{bids},"asks":{asks}}}',
        )

    def _levels(self, place: int, levels: Levels, known: Levels) -> str:
        notation, before = self._notations[place], {price for price, _ in known}
        rows = (
            f'["{_action(lots, price in before)}",{notation.price(price)},{notation.amount(lots)}]'
            for price, lots in levels
        )
        return f"[{','.join(rows)}]"

    def _quote(self, stream: str, place: int, update: int, time_ns: int) -> str:
        return notification(
            stream,
            f'{{"timestamp":{time_ns // MILLISECOND},'
            f'"instrument_name":"{self._market.instruments[place].symbol}",{self._top(place, update)}}}',
        )

    def _top(self, place: int, update: int) -> str:
        top, notation = self._market.books[place].top(update), self._notations[place]
        return (
            f'"best_bid_price":{notation.price(top.bid)},"best_bid_amount":{notation.amount(top.bid_amount)},'
            f'"best_ask_price":{notation.price(top.ask)},"best_ask_amount":{notation.amount(top.ask_amount)}'
        )

    def _ticker(self, stream: str, place: int, step: int) -> str:
        now, notation = contract(self._market, place, step), self._notations[place]
        mark, index, last = notation.price(now.mark), notation.price(now.index), notation.price(now.last)
        return notification(
            stream,
            f'{{"timestamp":{self._market.time_of(step) // MILLISECOND},"state":"open",'
            f'"stats":{{"volume_usd":1.0,"volume":1.0,"price_change":0.0,"low":{last},"high":{last}}},'
            f'"settlement_price":{mark},"open_interest":{notation.amount(now.open_interest)},'
            f'"min_price":{index},"max_price":{index},"mark_price":{mark},"last_price":{last},'
            f'"instrument_name":"{self._market.instruments[place].symbol}","index_price":{index},'
            f'"funding_8h":0.0,"current_funding":{now.funding_rate / 10**8:.8f},'
            f'"estimated_delivery_price":{index},{self._top(place, self._market.update_at(place, step))}}}',
        )


def _action(lots: int, known: bool) -> str:
    if not lots:
        return "delete"
    return "change" if known else "new"
