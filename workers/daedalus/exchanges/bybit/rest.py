"""Bybit's answers over REST: the newest trades, and the list of instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec import Raw, Struct, field

from ...tables.rows import Instrument, Listing, Trade
from ..listing import listing
from ..model import Data
from ..reading import Amount
from ..times import epoch_ns
from .messages import SIDES

__all__ = ["instruments", "trades", "trades_header"]


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


def trades_header(channel: str, symbol: str, body: bytes) -> Data:
    """Read an answer of ``recent-trade``: without numbers, and with all trades from the oldest one's time on.

    Raises one of `UNREADABLE`.
    """
    found = _newest_first(body)
    return Data(channel, symbol, None, epoch_ns(found[-1].time) if found else None)


def trades(symbol: str, body: bytes) -> Sequence[Trade]:
    """The trades of an answer, oldest first; the exchange sends the newest first. Raises as above."""
    return [
        Trade(symbol, epoch_ns(one.time), one.execId, SIDES[one.side], one.price, one.size)
        for one in reversed(_newest_first(body))
    ]


def instruments(body: bytes) -> Listing:
    """Read an answer of ``instruments-info``. Raises one of `UNREADABLE`."""
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
