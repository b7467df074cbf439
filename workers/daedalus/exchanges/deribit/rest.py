"""Deribit's list of instruments."""

from __future__ import annotations

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing
from ..listing import listing
from ..reading import Amount
from ..times import epoch_ns

__all__ = ["instruments"]

_PERPETUAL = "perpetual"


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


class _Answer(Struct):
    result: list[Raw]


_instruments = msgspec.json.Decoder(_Answer).decode
_entry = msgspec.json.Decoder(_Instrument).decode


def instruments(body: bytes) -> Listing:
    """Read an answer to ``get_instruments``. Raises one of `UNREADABLE`."""
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
