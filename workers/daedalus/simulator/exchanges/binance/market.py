"""What all markets of Binance share: combined and raw streams of trades, books and quotes.

A market formats its messages; ``unit`` is the length of its time unit in ns.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, cast

from ...instruments import Instrument, instrument
from ...market import Fill, Happening, Market, Order, Step
from ...notation import Notation
from ...protocol import Audience, ExchangeProtocol, HttpAnswer, HttpRequest, Message, Session
from .requests import BinanceSession, managed
from .rest import BinanceRest

__all__ = ["BinanceMarket", "Text", "pair", "written"]

Text = Callable[[int], str]
"""A payload for a given time unit in ns."""

_QUOTES = ("FDUSD", "USDT", "USDC", "TUSD", "USD", "EUR", "GBP", "TRY", "BRL", "JPY", "BTC", "ETH", "BNB")


class BinanceMarket(ExchangeProtocol):
    """Streams ``<symbol>@trade``, ``@aggTrade``, ``@bookTicker`` and those of ``diffs``.

    ``diffs``: the book streams; each sends every diff or every tenth. ``routes``: the paths that serve
    streams.
    """

    most_streams: ClassVar[int]
    diffs: ClassVar[tuple[tuple[str, bool], ...]]
    routes: ClassVar[tuple[str, ...]] = ("",)
    microseconds: ClassVar[bool] = False

    def __init__(self, market: Market, *, any_symbol: bool = False) -> None:
        # unknown symbols are acknowledged as well
        self._market = market
        self._time_ns = market.time_of(0)
        self._notations = tuple(map(self.notation, market.instruments))
        self._rest = self.rest_of(market, self._notations)
        self._prefixes = tuple(each.symbol.lower() for each in market.instruments)

    @staticmethod
    @abstractmethod
    def notation(instrument: Instrument) -> Notation:
        """How the market writes numbers."""

    @staticmethod
    @abstractmethod
    def rest_of(market: Market, notations: tuple[Notation, ...]) -> BinanceRest:
        """The market's REST API."""

    @abstractmethod
    def diff(self, step: Step, first: int) -> Text:
        """The changes of a book by the updates from ``first`` to that of the step."""

    @abstractmethod
    def quote(self, step: Step) -> Text:
        """The touch of a book."""

    @abstractmethod
    def trade(self, place: int, order: Order, fill: Fill) -> Text:
        """One trade."""

    @abstractmethod
    def aggregate(self, place: int, order: Order) -> Text | None:
        """The aggregate trade of an order; None if it has none."""

    def delivers(self, route: str, stream: str) -> bool:
        """Whether a route serves a stream."""
        return True

    def connect(self, target: str) -> Session | HttpAnswer:
        request = HttpRequest.parse(target)
        micro = self.microseconds and request.query.get("timeUnit", "").upper() == "MICROSECOND"
        # longest route first: the empty one matches everything
        route = next(each for each in sorted(self.routes, reverse=True) if request.path.startswith(each))
        path = request.path.removeprefix(route)
        if path == "/stream":
            wrapped, streams = True, request.query.get("streams", "").split("/")
        elif path == "/ws" or path.startswith("/ws/"):
            wrapped, streams = False, path.split("/")[2:]
        else:
            return HttpAnswer(b"", status=404)
        form = (wrapped, micro)
        session = BinanceSession(form, self.most_streams, lambda stream: self.delivers(route, stream))
        return session if session.subscribe(filter(None, streams)) else HttpAnswer(b"", status=400)

    def receive(self, session: Session, text: str) -> Iterable[str]:
        return (managed(cast(BinanceSession, session), text),)

    def publish(self, step: Step, audience: Audience) -> Iterator[Message]:
        prefix = self._prefixes[step.place]
        self._time_ns = step.time_ns
        if step.happening is Happening.DIFF:
            for suffix, slow in self.diffs:
                name = f"{prefix}@{suffix}"
                first = self._market.diff_covers(step.update, slow=slow) if name in audience else None
                if first is not None:
                    yield from written(name, audience, self.diff(step, first))
        elif step.happening is Happening.QUOTE:
            name = f"{prefix}@bookTicker"
            if name in audience:
                yield from written(name, audience, self.quote(step))
        elif step.order:
            yield from self.order(step.place, step.order, audience)

    def order(self, place: int, order: Order, audience: Audience) -> Iterator[Message]:
        """The messages of an order that traded."""
        name = f"{self._prefixes[place]}@trade"
        for fill in order.fills if name in audience else ():
            yield from written(name, audience, self.trade(place, order, fill))
        name = f"{self._prefixes[place]}@aggTrade"
        if order.told and name in audience and (text := self.aggregate(place, order)):
            yield from written(name, audience, text)

    def rest(self, request: HttpRequest, step: int, now_ns: int) -> HttpAnswer:
        return self._rest.answer(request, step, now_ns)


def written(stream: str, audience: Audience, text: Text) -> Iterator[Message]:
    """A payload in each requested form."""
    for form in audience[stream]:
        wrapped, micro = form
        payload = text(1000 if micro else 1_000_000)
        yield stream, form, f'{{"stream":"{stream}","data":{payload}}}' if wrapped else payload


def pair(symbol: str, name: str) -> Instrument:
    """The instrument of a pair. Raises ValueError if ``name`` would not spell one like that."""
    if not symbol or symbol != symbol.upper() or not symbol.isalnum():
        raise ValueError(f"symbol {symbol!r}: {name} spells symbols like BTCUSDT")
    quote = next((quote for quote in _QUOTES if symbol.endswith(quote) and symbol != quote), symbol[-3:])
    return instrument(symbol, symbol.removesuffix(quote) or symbol, quote)
