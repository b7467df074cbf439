"""Bybit over REST: the newest trades, and the list of instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct, field

from ...tables.rows import Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount
from ..times import epoch_ns
from .rows import SIDES

__all__ = ["BybitRest"]


class _Trade(Struct, gc=False):
    execId: str  # noqa: N815 - the exchange's names
    side: Literal["Buy", "Sell"]
    price: Amount
    size: Amount
    time: int = 0


class _Trades(Struct):
    rows: list[_Trade] = field(name="list")


class _TradesAnswer(Struct, kw_only=True):
    retCode: int  # noqa: N815
    retMsg: str = ""  # noqa: N815
    result: _Trades | None = None


class _PriceFilter(Struct, frozen=True):
    tickSize: Amount | Literal[""] | None = None  # noqa: N815


class _LotSizeFilter(Struct, frozen=True):
    qtyStep: Amount | Literal[""] | None = None  # noqa: N815
    basePrecision: Amount | Literal[""] | None = None  # noqa: N815


class _Instrument(Struct):
    symbol: str
    baseCoin: str = ""  # noqa: N815
    quoteCoin: str = ""  # noqa: N815
    status: str = ""
    contractType: str = ""  # noqa: N815
    optionsType: str = ""  # noqa: N815
    deliveryTime: int | Literal[""] = 0  # noqa: N815
    priceFilter: _PriceFilter = _PriceFilter()  # noqa: N815
    lotSizeFilter: _LotSizeFilter = _LotSizeFilter()  # noqa: N815


class _Instruments(Struct):
    rows: list[Raw] = field(name="list")


class _InstrumentsAnswer(Struct, kw_only=True):
    retCode: int  # noqa: N815
    retMsg: str = ""  # noqa: N815
    result: _Instruments | None = None


_trades = msgspec.json.Decoder(_TradesAnswer, strict=False).decode
_instruments = msgspec.json.Decoder(_InstrumentsAnswer, strict=False).decode
_entry = msgspec.json.Decoder(_Instrument, strict=False).decode


class BybitRest(Rest):
    """``market/recent-trade`` and ``market/instruments-info`` of one category."""

    def __init__(self, category: str, newest_trades: int) -> None:
        self._category = category
        self._newest_trades = newest_trades

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The newest trades, as many as the exchange returns: it finds none by id or time."""
        if missing.channel != "publicTrade":
            return None
        query = f"category={self._category}&symbol={quote(missing.symbol)}&limit={self._newest_trades}"
        return RestRequest(path=f"/v5/market/recent-trade?{query}", weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """`Data` without ids; the answer holds all trades from the time of its oldest one on."""
        try:
            found = _newest_first(body)
        except UNREADABLE:
            return Malformed()
        return Data(channel, symbol, complete_from_ns=epoch_ns(found[-1].time) if found else None)

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode the trades of an answer; they have the same ids as on the stream."""
        return [
            Trade(header.symbol, epoch_ns(one.time), one.execId, SIDES[one.side], one.price, one.size)
            for one in reversed(_newest_first(body))
        ]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """Instruments that trade, and contracts that will, in pages of 1000, the largest that are offered.

        Only first pages are requested: so far they hold all. Spot has no pages.
        """
        path = f"/v5/market/instruments-info?category={self._category}"
        if self._category == "spot":
            return (RestRequest(path=path, weight=1),)
        return tuple(
            RestRequest(path=f"{path}&limit=1000{status}", weight=1) for status in ("", "&status=PreLaunch")
        )

    def instruments(self, body: bytes) -> Listing:
        answer = _instruments(body)
        if answer.retCode or answer.result is None:
            raise ValueError(f"bybit answers {answer.retCode}: {answer.retMsg}")
        return listing(answer.result.rows, _instrument)


def _newest_first(body: bytes) -> Sequence[_Trade]:
    answer = _trades(body)
    if answer.retCode or answer.result is None:
        raise ValueError(f"bybit answers {answer.retCode}: {answer.retMsg}")
    return answer.result.rows


def _instrument(entry: Raw) -> Instrument | None:
    one = _entry(entry)
    if one.optionsType:
        return None
    kind = "spot" if not one.contractType else "perpetual"
    expiry = None
    if one.contractType.endswith("Futures"):
        kind = "future"
        expiry = epoch_ns(one.deliveryTime or 0)  # of a perpetual it is the time of its delisting
    step = one.lotSizeFilter.qtyStep or one.lotSizeFilter.basePrecision
    return Instrument(
        one.symbol,
        one.baseCoin,
        one.quoteCoin,
        kind,
        tick=one.priceFilter.tickSize or None,
        lot=step or None,
        expiry=expiry,
        active=one.status == "Trading",
    )
