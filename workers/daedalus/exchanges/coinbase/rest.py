"""Coinbase Advanced Trade's answers over REST: trades, the newest first, and products."""

from __future__ import annotations

from typing import Literal

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing, Trade
from .. import runs
from ..listing import listing
from ..model import Data
from ..reading import Amount
from .messages import TradeMessage, sent, time_ns, trade_rows

__all__ = ["backfill_header", "backfill_rows", "instruments"]


class _Trades(Struct, gc=False):
    trades: list[TradeMessage]


class _Contract(Struct, gc=False):
    contract_expiry_type: str = ""
    contract_expiry: str | None = None
    contract_size: Amount | Literal[""] | None = None
    contract_root_unit: str = ""
    funding_interval: str | None = None


class _Product(Struct, gc=False):
    product_id: str
    base_currency_id: str = ""
    quote_currency_id: str = ""
    base_increment: Amount | Literal[""] | None = None
    price_increment: Amount | Literal[""] | None = None
    product_type: str = ""
    alias: str = ""
    display_name: str = ""
    is_disabled: bool = False
    trading_disabled: bool = False
    future_product_details: _Contract | None = None


class _Products(Struct):
    products: list[Raw]


_trades = msgspec.json.Decoder(_Trades, strict=False).decode
_products = msgspec.json.Decoder(_Products).decode
_product = msgspec.json.Decoder(_Product, strict=False).decode


def backfill_header(symbol: str, body: bytes) -> Data:
    """The header of an answer's trades. Raises one of `UNREADABLE`."""
    return runs.backfill_header("market_trades", symbol, (one.trade_id for one in _trades_of(symbol, body)))


def backfill_rows(symbol: str, body: bytes) -> list[Trade]:
    """The trades of an answer, oldest first. Raises one of `UNREADABLE`."""
    return trade_rows(_trades_of(symbol, body))


def _trades_of(symbol: str, body: bytes) -> list[TradeMessage]:
    """Trades of another product would be counted as found, and be rows of a stream that misses none."""
    trades = _trades(body).trades
    if any(one.product_id != symbol for one in trades):
        raise ValueError(f"an answer with trades of another product than {symbol}")
    return trades


def instruments(body: bytes) -> Listing:
    """The products of an answer, but for those that are another name of the same book."""
    return listing(_products(body).products, _instrument)


def _instrument(entry: Raw) -> Instrument | None:
    product = _product(entry)
    if product.alias:
        return None
    contract = product.future_product_details
    kind, expiry, base = "spot", None, product.base_currency_id
    if product.product_type == "FUTURE" and contract is not None:
        base = contract.contract_root_unit or base
        # The perpetual-style ones of the US are listed with an expiry years away, and pay funding.
        perpetual = (
            contract.contract_expiry_type == "PERPETUAL"
            or contract.funding_interval is not None
            or product.display_name.endswith("PERP")
        )
        kind = "perpetual" if perpetual else "future"
        expiry = None if perpetual else time_ns(contract.contract_expiry or "")
    return Instrument(
        product.product_id,
        base,
        product.quote_currency_id,
        kind,
        tick=sent(product.price_increment),
        lot=sent(product.base_increment),
        contract_size=sent(contract.contract_size) if contract is not None else None,
        expiry=expiry,
        active=not (product.is_disabled or product.trading_disabled),
    )
