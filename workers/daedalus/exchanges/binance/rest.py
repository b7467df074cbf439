"""Binance over REST: books, missed trades, and the list of instruments."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import AggTrade, BookUpdate, Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Ids, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id
from ..runs import backfill_header
from ..times import epoch_ns

__all__ = ["Backfill", "BinanceRest", "Book"]

_MOST_ROWS = 1000  # in one answer
_I = TypeVar("_I")
_M = TypeVar("_M")


class Book(Struct, frozen=True):
    """A book over REST: how many levels it has at most, and the weight of the request."""

    levels: int
    weight: int


class Backfill(Struct, frozen=True):
    """Where missed trades are requested: a path below the API's, and its weight.

    from_id: they can be requested by id; else the exchange returns the newest trades alone
    """

    path: str
    weight: int
    from_id: bool = True


class _TradeId(Struct, gc=False):
    id: Id


class _AggTradeId(Struct, gc=False):
    a: Id


class _Trade(Struct, gc=False):
    id: Id
    price: Amount
    qty: Amount
    isBuyerMaker: bool  # noqa: N815 - the exchange's name
    time: int = 0


class _AggTrade(Struct, gc=False):
    a: Id
    p: Amount
    q: Amount
    f: Id
    l: Id  # noqa: E741 - the exchange's name
    m: bool
    T: int = 0


class _SnapshotIds(Struct, gc=False):
    lastUpdateId: Id  # noqa: N815 - the exchange's name
    E: int = 0


class _Snapshot(Struct, gc=False):
    lastUpdateId: Id  # noqa: N815 - the exchange's name
    bids: list[tuple[Amount, Amount]]
    asks: list[tuple[Amount, Amount]]
    E: int = 0


class _Filter(Struct, gc=False):
    filterType: str = ""  # noqa: N815 - the exchange's name
    tickSize: Amount | None = None  # noqa: N815
    stepSize: Amount | None = None  # noqa: N815


class _Symbol(Struct, gc=False):
    symbol: str
    baseAsset: str  # noqa: N815 - the exchange's name
    quoteAsset: str  # noqa: N815
    filters: list[_Filter] = []
    status: str = ""
    contractStatus: str = ""  # noqa: N815
    contractType: str | None = None  # noqa: N815
    contractSize: Amount | None = None  # noqa: N815
    deliveryDate: int = 0  # noqa: N815


class _ExchangeInfo(Struct):
    symbols: list[Raw]


_snapshot_ids = msgspec.json.Decoder(_SnapshotIds).decode
_snapshot = msgspec.json.Decoder(_Snapshot, strict=False).decode
_exchange_info = msgspec.json.Decoder(_ExchangeInfo).decode
_symbol = msgspec.json.Decoder(_Symbol, strict=False).decode


class BinanceRest(Rest):
    """The REST API of one market, at the path ``api``."""

    def __init__(
        self, api: str, book: Book, backfills: Mapping[str, Backfill], instruments: RestRequest
    ) -> None:
        self._api = api
        self._book = book
        self._backfills = backfills
        self._instruments = instruments

    def snapshot_request(self, symbol: str) -> RestRequest:
        """``GET <api>/depth`` with as many levels as it offers."""
        path = f"{self._api}/depth?symbol={quote(symbol)}&limit={self._book.levels}"
        return RestRequest(path, self._book.weight)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """A snapshot includes all updates up to ``lastUpdateId``."""
        try:
            book = _snapshot_ids(body)
        except UNREADABLE:
            return Malformed()
        return Data("depth", symbol, Ids(book.lastUpdateId, book.lastUpdateId), epoch_ns(book.E))

    def normalize_snapshot(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode a book; spot's has no time."""
        book = _snapshot(body)
        last = book.lastUpdateId
        return (BookUpdate(header.symbol, epoch_ns(book.E), True, book.bids, book.asks, last, last),)

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The trades from the first missing id on, or the newest where ids cannot be requested."""
        backfill = self._backfills.get(missing.channel)
        if backfill is None or missing.first is None or missing.last is None:
            return None
        path = f"{self._api}/{backfill.path}?symbol={quote(missing.symbol)}"
        if not backfill.from_id:
            return RestRequest(f"{path}&limit={_MOST_ROWS}", backfill.weight)
        limit = min(missing.last - missing.first + 1, _MOST_ROWS)
        return RestRequest(f"{path}&fromId={missing.first}&limit={limit}", backfill.weight)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the ids of the trades; an error of the exchange is `Malformed`."""
        try:
            return _ANSWERS[channel].header(symbol, body)
        except (KeyError, *UNREADABLE):
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        return _ANSWERS[header.channel].rows(header.symbol, body)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET <api>/exchangeInfo``."""
        return (self._instruments,)

    def instruments(self, body: bytes) -> Listing:
        return listing(_exchange_info(body).symbols, _instrument)


class _Answer(Generic[_I, _M]):
    """How a list of one channel's trades becomes a header and rows."""

    def __init__(
        self,
        channel: str,
        ids: type[_I],
        number: Callable[[_I], int],
        trade: type[_M],
        row: Callable[[str, _M], Row],
    ) -> None:
        self._channel, self._number, self._row = channel, number, row
        self._ids = msgspec.json.Decoder(list[ids]).decode  # type: ignore[valid-type]
        self._trades = msgspec.json.Decoder(list[trade], strict=False).decode  # type: ignore[valid-type]

    def header(self, symbol: str, body: bytes) -> Data:
        """Read the ids. Raises one of `UNREADABLE`."""
        return backfill_header(self._channel, symbol, map(self._number, self._ids(body)))

    def rows(self, symbol: str, body: bytes) -> Sequence[Row]:
        """Read the whole list. Raises one of `UNREADABLE`."""
        return [self._row(symbol, trade) for trade in self._trades(body)]


def _trade_row(symbol: str, trade: _Trade) -> Trade:
    side = "sell" if trade.isBuyerMaker else "buy"
    return Trade(symbol, epoch_ns(trade.time), str(trade.id), side, trade.price, trade.qty)


def _agg_trade_row(symbol: str, trade: _AggTrade) -> AggTrade:
    side = "sell" if trade.m else "buy"
    time = epoch_ns(trade.T)
    return AggTrade(symbol, time, str(trade.a), side, trade.p, trade.q, trade.f, trade.l)


_ANSWERS: dict[str, _Answer[Any, Any]] = {
    "trade": _Answer("trade", _TradeId, lambda trade: trade.id, _Trade, _trade_row),
    "aggTrade": _Answer("aggTrade", _AggTradeId, lambda trade: trade.a, _AggTrade, _agg_trade_row),
}


def _instrument(entry: Raw) -> Instrument:
    listed = _symbol(entry)
    kind = _type(listed)
    steps = {each.filterType: each for each in listed.filters}
    price, amount = steps.get("PRICE_FILTER"), steps.get("LOT_SIZE")
    return Instrument(
        listed.symbol,
        listed.baseAsset,
        listed.quoteAsset,
        kind,
        tick=price.tickSize if price else None,
        lot=amount.stepSize if amount else None,
        contract_size=listed.contractSize,
        # Perpetuals carry a date too, in the year 2100.
        expiry=epoch_ns(listed.deliveryDate) if kind == "future" else None,
        active="TRADING" in (listed.status, listed.contractStatus),
    )


def _type(listed: _Symbol) -> str:
    if listed.contractType is None:
        return "spot"
    if listed.contractType:
        return "perpetual" if "PERPETUAL" in listed.contractType else "future"
    return "future" if "_" in listed.symbol else "perpetual"  # not yet, or no longer, traded
