"""Coinbase Exchange over REST: trades by their ids, and products."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

import msgspec
from msgspec import Struct

from ...tables.rows import Instrument, Listing, Row
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id, unexpected
from ..runs import backfill_header
from .rows import Match, row_of

__all__ = ["CoinbaseExchangeRest"]

_MOST_ROWS = 1000  # in one answer


class _TradeId(Struct):
    trade_id: Id


class _Product(Struct):
    id: str
    base_currency: str
    quote_currency: str
    quote_increment: Amount | None = None
    base_increment: Amount | None = None
    status: str = ""
    trading_disabled: bool | None = None


_ids = msgspec.json.Decoder(list[_TradeId]).decode
_matches = msgspec.json.Decoder(list[Match], strict=False).decode
_products = msgspec.json.Decoder(list[msgspec.Raw]).decode
_product = msgspec.json.Decoder(_Product, strict=False).decode


class CoinbaseExchangeRest(Rest):
    """``/products`` and their trades. Books over REST share no numbers with the stream and are not read."""

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """Snapshots are not requested."""
        return unexpected(body)

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """The oldest missing trades, at most 1000: those before an id, newest first."""
        if missing.channel != "matches" or missing.first is None or missing.last is None:
            return None
        last = min(missing.last, missing.first + _MOST_ROWS - 1)
        limit = last - missing.first + 1
        path = f"/products/{quote(missing.symbol)}/trades?after={last + 1}&limit={limit}"
        return RestRequest(path, weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        try:
            return backfill_header(channel, symbol, (trade.trade_id for trade in _ids(body)))
        except UNREADABLE:
            return Malformed()

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode an answer, which has the newest trade first."""
        return [row_of(header.symbol, match) for match in reversed(_matches(body))]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """``GET /products``, all of them in one answer."""
        return (RestRequest("/products", weight=1),)

    def instruments(self, body: bytes) -> Listing:
        return listing(_products(body), _instrument)


def _instrument(entry: msgspec.Raw) -> Instrument:
    product = _product(entry)
    return Instrument(
        product.id,
        product.base_currency,
        product.quote_currency,
        "spot",
        tick=product.quote_increment,
        lot=product.base_increment,
        active=product.status == "online" and not product.trading_disabled,
    )
