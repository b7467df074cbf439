"""Bitfinex v2 as its clients see it: the public channels.

Source: docs.bitfinex.com, "WebSocket API: General", "Public channels", "WebSocket Checksum". Each
connection assigns its channels numbers of its own, and numbers its frames if asked to. Each changed level
of a book is one message; a checksum follows the levels that belong together. Trades are sent twice, as
executed (te) and as booked (tu). (The real exchange's trade ids skip; these do not.)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, cast

from ...contracts import contract, is_liquidation
from ...instruments import Instrument, instrument
from ...market import Happening, Market, Mixture, Order, Step
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from ...view import View
from .requests import BitfinexSession, Requests
from .rest import BitfinexRest
from .text import MILLISECOND, checksum, level, levels, number, trade

__all__ = ["Bitfinex"]

_CHECKED = (True,)  # the form with checksums
_HEARTBEAT_SECONDS = 15
_LENGTHS = (1, 25, 100, 250)
_TOP = 25  # number of levels summed up in the sizes of a ticker
_RECENT = 30  # number of trades sent on subscribing
_LIQUIDATIONS = "liq:global"


class Bitfinex(ExchangeProtocol):
    """Channels trades, book (P0, F0), ticker and status.

    Messages are built as ``stream ms body`` and framed for each connection.
    """

    name: ClassVar[str] = "bitfinex"
    usual_symbols: ClassVar[tuple[str, ...]] = ("tBTCUSD", "tBTCF0:USTF0")
    mixture: ClassVar[Mixture] = Mixture(diff_seconds=0.1, orders_in=4)
    ping_seconds: ClassVar[float | None] = None
    subscribe_seconds: ClassVar[float | None] = None
    requests_per_second: ClassVar[int | None] = None

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        self._market = market
        self._rest = BitfinexRest(market)
        self._places = {each.symbol: place for place, each in enumerate(market.instruments)}
        self._requests = Requests(None if any_symbol else self._places.keys())
        self._views = tuple({length: View(book, length) for length in _LENGTHS} for book in market.books)

    @staticmethod
    def instrument(symbol: str) -> Instrument:
        pair = symbol[1:]
        base, colon, quote = pair.partition(":")
        if not colon:
            base, quote = pair[:3], pair[3:]
        if symbol[:1] != "t" or len(base) < 3 or len(quote) < 3 or pair != pair.upper():
            raise ValueError(f"symbol {symbol!r}: bitfinex spells pairs like tBTCUSD or tBTCF0:USTF0")
        return instrument(symbol, base.removesuffix("F0"), "USD" if quote == "USTF0" else quote)

    def connect(self, target: str) -> Session | HttpAnswer:
        path = HttpRequest.parse(target).path
        return self._requests.session() if path == "/ws/2" else HttpAnswer(b"", status=404)

    def open(self, session: Session) -> Iterable[str]:
        server = "083bd8d4-aca7-4690-a573-eabfc8103de8"
        return (f'{{"event":"info","version":2,"serverId":"{server}","platform":{{"status":1}}}}',)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        return (self._requests.answer(cast(BitfinexSession, session), text),)

    def frame(self, session: Session, text: str) -> str:
        if text.startswith("{"):
            return text
        stream, ms, body = text.split(" ", 2)
        return cast(BitfinexSession, session).framed(stream, body, ms)

    def greet(self, stream: str, step: int) -> Iterator[str]:
        channel, _, symbol = stream.partition(":")
        now = self._market.time_of(step)
        if stream == _LIQUIDATIONS:
            return
        if channel == "book":
            symbol, _, length = symbol.rpartition(":")
            place = self._places[symbol]
            update = self._market.update_at(place, step)
            sides = self._views[place][int(length)].levels(update - update % self._market.diff_every)
            yield _text(stream, now, f"[{','.join(levels(self._market.instruments[place], sides))}]")
            return
        place = self._places[symbol]
        if channel == "trades":
            yield _text(stream, now, f"[{','.join(self._recent(place, step))}]")
        elif channel == "ticker":
            yield _text(stream, now, self._ticker(place, self._market.update_at(place, step)))
        else:
            yield _text(stream, now, self._status(place, step))

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        symbol = self._market.instruments[step.place].symbol
        if step.happening is Happening.DIFF:
            for length in _LENGTHS:
                if (stream := f"book:{symbol}:{length}") in audience:
                    yield from self._book(stream, self._views[step.place][length], step, audience)
            if (stream := f"ticker:{symbol}") in audience:
                text = _text(stream, step.time_ns, self._ticker(step.place, step.update))
                yield from _to_all(stream, audience, text)
        elif step.order:
            yield from self._order(step, step.order, audience)

    def each_second(self, step: int, second: int, audience: Audience) -> Iterator[Message]:
        now = second * 10**9
        for stream in audience:
            channel, _, symbol = stream.partition(":")
            if channel == "deriv":
                text = _text(stream, now, self._status(self._places[symbol], step))
                yield from _to_all(stream, audience, text)
            if second % _HEARTBEAT_SECONDS == 0:
                yield from _to_all(stream, audience, _text(stream, now, '"hb"'))

    def farewell(self) -> str | None:
        return '{"event":"info","code":20051,"msg":"Stopping. Please try to reconnect"}'

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)

    def _book(self, stream: str, view: View, step: Step, audience: Audience) -> Iterator[Message]:
        each = self._market.instruments[step.place]
        sides = view.changes(step.update - self._market.diff_every, step.update)
        changed = [
            level(each, price, lots, sign)
            for sign, side in zip((1, -1), sides, strict=True)
            for price, lots in side
        ]
        for text in changed:
            yield from _to_all(stream, audience, _text(stream, step.time_ns, text))
        if _CHECKED in audience[stream]:
            value = checksum(each, view.levels(step.update))
            yield stream, _CHECKED, _text(stream, step.time_ns, f'"cs",{value}')

    def _order(self, step: Step, order: Order, audience: Audience) -> Iterator[Message]:
        each = self._market.instruments[step.place]
        if (stream := f"trades:{each.symbol}") in audience:
            for label in ("te", "tu"):
                for fill in order.fills:
                    text = _text(stream, step.time_ns, f'"{label}",{trade(each, order, fill)}')
                    yield from _to_all(stream, audience, text)
        if is_liquidation(order) and _LIQUIDATIONS in audience:
            for is_match in (0, 1):
                text = _text(_LIQUIDATIONS, step.time_ns, f"[{_position(each, order, is_match)}]")
                yield from _to_all(_LIQUIDATIONS, audience, text)

    def _recent(self, place: int, step: int) -> list[str]:
        """The newest trades, the newest first."""
        texts: list[str] = []
        last = self._market.last_order(place, step)
        while len(texts) < _RECENT and last >= self._market.first_order(place):
            order = self._market.order(place, last)
            texts += [trade(self._market.instruments[place], order, fill) for fill in reversed(order.fills)]
            last -= 1
        return texts[:_RECENT]

    def _ticker(self, place: int, update: int) -> str:
        """Sizes are sums over the best 25 levels; the daily figures are made up."""
        each = self._market.instruments[place]
        bids, asks = self._views[place][_TOP].levels(update)
        last = self._market.order(place, self._market.order_before(update + 1))
        price = number(last.price, each.price_digits)
        (bid, ask), sizes = (
            [number(side[0][0], each.price_digits) for side in (bids, asks)],
            [number(sum(lots for _, lots in side), each.amount_digits) for side in (bids, asks)],
        )
        return f"[{bid},{sizes[0]},{ask},{sizes[1]},0,0,{price},1000,{price},{price}]"

    def _status(self, place: int, step: int) -> str:
        each, now = self._market.instruments[place], contract(self._market, place, step)
        middle, spot, mark = (number(price, each.price_digits) for price in (now.last, now.index, now.mark))
        funding = number(now.funding_rate, 8)
        return (
            f"[{self._market.time_of(step) // MILLISECOND},null,{middle},{spot},null,1396531.67460709,null,"
            f"{now.funding_ns // MILLISECOND},{funding},6,null,{funding},null,null,{mark},null,null,"
            f"{number(now.open_interest, each.amount_digits)},null,null,null,null,0.3]"
        )


def _text(stream: str, time_ns: int, body: str) -> str:
    return f"{stream} {time_ns // MILLISECOND} {body}"


def _to_all(stream: str, audience: Audience, text: str) -> Iterator[Message]:
    for form in audience[stream]:
        yield stream, form, text


def _position(each: Instrument, order: Order, is_match: int) -> str:
    """A liquidation in two messages: the announcement, then the price. A short position is negative."""
    amount = number(-order.amount if order.buy else order.amount, each.amount_digits)
    price = number(order.price, each.price_digits)
    acquired = price if is_match else "null"
    return (
        f'["pos",{order.id},{order.time_ns // MILLISECOND},null,"{each.symbol}",{amount},{price},null,'
        f"{is_match},1,null,{acquired}]"
    )
