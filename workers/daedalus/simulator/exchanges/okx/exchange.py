"""OKX v5 as its clients see it: the public and the business streams.

Source: okx.com/docs-v5, "WebSocket", "Order Book Trading / Market Data", "Public Data". Trade ids are
consecutive; ``trades`` aggregates the trades of an order at one price. Books begin with a snapshot, and
each update names the update before (``prevSeqId``). Amounts of a swap are contracts of one base unit each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import ClassVar, cast

from ...book import Levels
from ...contracts import contract, is_liquidation
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from ...view import View
from .requests import BUSINESS, PUBLIC, OkxSession, Requests
from .rest import MILLISECOND, OkxRest, kind_of

__all__ = ["Okx"]

_PLAIN = ()  # the only form there is
_DEPTH = 400
_FACTS = {"mark-price": 1, "index-tickers": 1, "open-interest": 3, "funding-rate": 60}
"""Channels that are sent by the clock, and their intervals in seconds."""


class Okx(ExchangeProtocol):
    """Channels trades-all, trades, books, bbo-tbt and those of contracts, for pairs and swaps."""

    name: ClassVar[str] = "okx"
    usual_symbols: ClassVar[tuple[str, ...]] = ("BTC-USDT-SWAP", "ETH-USDT-SWAP")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=5)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = 30.0
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._notations = tuple(Notation.short(each) for each in market.instruments)
        self._rest = OkxRest(market, self._notations)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        instruments = {each.symbol: each for each in market.instruments}
        self._requests = Requests(instruments, any_symbol=any_symbol)
        self._books = tuple(View(book, _DEPTH) for book in market.books)
        self._connections = count(0xA4D3AE55)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        base, _, quote = symbol.removesuffix("-SWAP").partition("-")
        if not (base and quote) or "-" in quote or symbol != symbol.upper():
            raise ValueError(f"symbol {symbol!r}: okx spells instruments like BTC-USDT or BTC-USDT-SWAP")
        return instrument(symbol, base, quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        path = HttpRequest.parse(target).path
        if path not in (PUBLIC, BUSINESS):
            return HttpAnswer(b"", status=404)
        return OkxSession(path, f"{next(self._connections):08x}")

    def receive(self, session: Session, text: str) -> Iterable[str]:
        return self._requests.answers(cast(OkxSession, session), text)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, _, symbol = stream.partition(":")
        if channel in _FACTS:
            yield self._fact(channel, symbol, step)
        if channel not in ("books", "bbo-tbt"):
            return
        place, now = self._places[symbol], self._market.time_of(step)
        update = self._market.update_at(place, step)
        if channel == "bbo-tbt":
            yield self._top(place, update, now)
            return
        update -= update % self._market.diff_every
        yield self._book(place, "snapshot", self._books[place].levels(update), update, -1, now)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        place, symbol = step.place, self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            if (stream := f"books:{symbol}") in audience:
                before = step.update - self._market.diff_every
                sides = self._books[place].changes(before, step.update)
                yield stream, _PLAIN, self._book(place, "update", sides, step.update, before, step.time_ns)
        elif step.happening is Happening.QUOTE:
            if (stream := f"bbo-tbt:{symbol}") in audience:
                yield stream, _PLAIN, self._top(place, step.update, step.time_ns)
        elif step.order:
            yield from self._order(place, step.order, audience)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        for stream in audience:
            channel, _, symbol = stream.partition(":")
            if channel in _FACTS and second % _FACTS[channel] == 0:
                yield stream, _PLAIN, self._fact(channel, symbol, step)

    def farewell(self) -> str | None:
        return (
            '{"event":"notice","code":"64008","msg":"The connection will soon be closed for a service '
            'upgrade. Please reconnect.","connId":"a4d3ae55"}'
        )

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _order(self, place: int, order: Order, audience: Audience) -> Iterator[Message]:
        each = self._market.instruments[place]
        if (stream := f"trades-all:{each.symbol}") in audience:
            for fill in order.fills:
                yield stream, _PLAIN, self._trade("trades-all", place, order, fill.id, fill.amount, "")
        if order.told and (stream := f"trades:{each.symbol}") in audience:
            more = f',"count":"{order.last - order.first + 1}","seqId":{order.update}'
            yield stream, _PLAIN, self._trade("trades", place, order, order.last, order.amount, more)
        kind = kind_of(each)
        if is_liquidation(order) and (stream := f"liquidation-orders:{kind}") in audience:
            yield stream, _PLAIN, self._liquidation(place, kind, order)

    def _trade(self, channel: str, place: int, order: Order, number: int, lots: int, more: str) -> str:
        symbol, notation = self._market.instruments[place].symbol, self._notations[place]
        return (
            f'{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},"data":[{{"instId":"{symbol}",'
            f'"tradeId":"{number}","px":"{notation.price(order.price)}","sz":"{notation.amount(lots)}",'
            f'"side":"{"buy" if order.buy else "sell"}","ts":"{order.time_ns // MILLISECOND}"{more},'
            f'"source":"0"}}]}}'
        )

    def _liquidation(self, place: int, kind: str, order: Order) -> str:
        each, notation = self._market.instruments[place], self._notations[place]
        closed, side = ("short", "buy") if order.buy else ("long", "sell")
        time = order.time_ns // MILLISECOND
        return (
            f'{{"arg":{{"channel":"liquidation-orders","instType":"{kind}"}},"data":[{{"details":[{{'
            f'"bkLoss":"0","bkPx":"{notation.price(order.price)}","ccy":"","posSide":"{closed}",'
            f'"side":"{side}","sz":"{notation.amount(order.amount)}","ts":"{time}"}}],'
            f'"instFamily":"{each.base}-{each.quote}","instId":"{each.symbol}","instType":"{kind}",'
            f'"uly":"{each.base}-{each.quote}"}}]}}'
        )

    def _book(
        self, place: int, action: str, sides: tuple[Levels, Levels], update: int, before: int, time_ns: int
    ) -> str:
        bids, asks = (self._levels(place, side) for side in sides)
        return (
            f'{{"arg":{{"channel":"books","instId":"{self._market.instruments[place].symbol}"}},'
            f'"action":"{action}","data":[{{"asks":{asks},"bids":{bids},"ts":"{time_ns // MILLISECOND}",'
            f'"checksum":0,"prevSeqId":{before},"seqId":{update}}}]}}'
        )

    def _top(self, place: int, update: int, time_ns: int) -> str:
        top = self._market.books[place].top(update)
        bids = self._levels(place, [(top.bid, top.bid_amount)])
        asks = self._levels(place, [(top.ask, top.ask_amount)])
        return (
            f'{{"arg":{{"channel":"bbo-tbt","instId":"{self._market.instruments[place].symbol}"}},'
            f'"data":[{{"asks":{asks},"bids":{bids},"ts":"{time_ns // MILLISECOND}","seqId":{update}}}]}}'
        )

    def _levels(self, place: int, levels: Levels) -> str:
        """Levels with two more numbers: a deprecated one, and the number of orders."""
        price, amount = self._notations[place].price, self._notations[place].amount
        rows = (f'["{price(ticks)}","{amount(lots)}","0","{1 if lots else 0}"]' for ticks, lots in levels)
        return f"[{','.join(rows)}]"

    def _fact(self, channel: str, symbol: str, step: int) -> str:
        index = channel == "index-tickers"
        place = next(
            place
            for place, each in enumerate(self._market.instruments)
            if symbol == (f"{each.base}-{each.quote}" if index else each.symbol)
        )
        now, notation = contract(self._market, place, step), self._notations[place]
        funding = now.funding_ns // MILLISECOND
        kind = "" if index else f'"instType":"{kind_of(self._market.instruments[place])}",'
        told = {
            "mark-price": f'"markPx":"{notation.price(now.mark)}"',
            "index-tickers": f'"idxPx":"{notation.price(now.index)}"',
            "open-interest": f'"oi":"{notation.amount(now.open_interest)}","oiCcy":"","oiUsd":""',
            "funding-rate": (
                f'"fundingRate":"{now.funding_rate / 10**8:.8f}","fundingTime":"{funding}",'
                f'"nextFundingRate":"","method":"current_period","settState":"settled"'
            ),
        }[channel]
        return (
            f'{{"arg":{{"channel":"{channel}","instId":"{symbol}"}},"data":[{{{kind}"instId":"{symbol}",'
            f'{told},"ts":"{self._market.time_of(step) // MILLISECOND}"}}]}}'
        )
