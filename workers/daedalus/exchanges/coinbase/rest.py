"""Coinbase Advanced Trade over REST: trades, the newest first, and products."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Raw, Struct

from ...tables.rows import Instrument, Listing, Row
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount
from ..runs import backfill_header
from .rows import TradeMessage, sent, time_ns, trade_rows

__all__ = ["CoinbaseRest"]

_PRODUCTS = "/api/v3/brokerage/market/products"
_PAGE = 1000
_SECOND_NS = 1_000_000_000


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


class CoinbaseRest(Rest):
    """Trades of a span of time, and the products."""

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The latest 1000 trades of a span of time, newest first; the URL takes whole seconds.

        Earlier ones are requested next, with a span that ends where these begin. Only Coinbase Exchange,
        another host without futures, returns trades by id.
        """
        if missing.channel != "market_trades":
            return None
        start, end = missing.from_ns // _SECOND_NS - 1, missing.to_ns // _SECOND_NS + 2
        path = f"{_PRODUCTS}/{quote(missing.symbol, safe='')}/ticker"
        return RestRequest(f"{path}?limit={_PAGE}&start={max(start, 0)}&end={end}", weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        try:
            return backfill_header(
                "market_trades", symbol, (one.trade_id for one in _trades_of(symbol, body))
            )
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        return trade_rows(_trades_of(header.symbol, body))

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """The products: one request for spot, one for futures."""
        return tuple(RestRequest(f"{_PRODUCTS}?product_type={kind}", 1) for kind in ("SPOT", "FUTURE"))

    def instruments(self, body: bytes) -> Listing:
        """The products of an answer, without those that are another name of the same book."""
        return listing(_products(body).products, _instrument)


def _trades_of(symbol: str, body: bytes) -> list[TradeMessage]:
    """The trades of an answer. Raises one of `UNREADABLE`, also for an answer about another product."""
    trades = _trades(body).trades
    if any(one.product_id != symbol for one in trades):
        raise ValueError(f"an answer with trades of another product than {symbol}")
    return trades


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
