"""Deribit over REST: trades by their numbers, and the list of instruments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing, Row
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, unexpected
from ..runs import backfill_header
from ..times import epoch_ns
from .rows import DeribitTrade, TradeIds, trades_rows

__all__ = ["DeribitRest"]

_MOST_TRADES = 1000  # in one answer
_PERPETUAL = "perpetual"
_T = TypeVar("_T")


class _Trades(Struct, Generic[_T]):
    trades: list[_T]


class _Answer(Struct, Generic[_T]):
    result: _T


class _Instrument(Struct):
    instrument_name: str
    kind: str
    base_currency: str
    quote_currency: str
    counter_currency: str = ""
    settlement_period: str = ""
    tick_size: Amount | None = None
    min_trade_amount: Amount | None = None
    contract_size: Amount | None = None
    expiration_timestamp: int = 0
    is_active: bool = True


_ids = msgspec.json.Decoder(_Answer[_Trades[TradeIds]]).decode
_trades = msgspec.json.Decoder(_Answer[_Trades[DeribitTrade]]).decode
_instruments = msgspec.json.Decoder(_Answer[list[Raw]]).decode
_entry = msgspec.json.Decoder(_Instrument).decode


class DeribitRest(Rest):
    """``get_last_trades_by_instrument`` and ``get_instruments``."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """Trades by their numbers; the exchange keeps them for a day."""
        if missing.channel != "trades" or missing.first is None or missing.last is None:
            return None
        last = min(missing.last, missing.first + _MOST_TRADES - 1)
        path = "/api/v2/public/get_last_trades_by_instrument"
        asked = f"start_seq={missing.first}&end_seq={last}&count={_MOST_TRADES}&sorting=asc"
        return RestRequest(f"{path}?instrument_name={quote(missing.symbol)}&{asked}", weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """Read the numbers of the trades; an error of the exchange is `Malformed`."""
        if channel != "trades":
            return unexpected(body)
        try:
            return backfill_header("trades", symbol, (trade.trade_seq for trade in _ids(body).result.trades))
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        return trades_rows(header, _trades(body).result.trades)

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """All currencies and kinds in one answer, without those that have expired."""
        return (RestRequest("/api/v2/public/get_instruments?currency=any&expired=false", weight=60),)

    def instruments(self, body: bytes) -> Listing:
        """Combos count as what they are made of: futures or options."""
        return listing(_instruments(body).result, _instrument)


def _instrument(entry: Raw) -> Instrument:
    each = _entry(entry)
    return Instrument(
        each.instrument_name,
        each.base_currency,
        # For options the "quote currency" is the one they are paid in: the counter currency is the quote.
        each.counter_currency or each.quote_currency,
        _type(each),
        tick=each.tick_size,
        lot=each.min_trade_amount,
        contract_size=each.contract_size,
        expiry=None if each.settlement_period == _PERPETUAL else epoch_ns(each.expiration_timestamp),
        active=each.is_active,
    )


def _type(instrument: _Instrument) -> str:
    if instrument.settlement_period == _PERPETUAL:
        return _PERPETUAL
    return instrument.kind.removesuffix("_combo")
