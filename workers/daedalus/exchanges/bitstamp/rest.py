"""Bitstamp over REST: books, the trades of the last hour or day, and markets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from msgspec import Meta, Struct

from ...tables.rows import Instrument, Listing, Row, Trade
from ..listing import listing
from ..model import Data, Header, Malformed, Missing, Rest, RestRequest
from ..reading import UNREADABLE, Amount, Id, unexpected
from ..times import epoch_ns
from .ids import microseconds_ns, time_ids
from .rows import snapshot_rows

__all__ = ["BitstampRest"]

_HALF_AN_HOUR_NS = 1_800_000_000_000  # the other half allows for a late request
_HOUR_SECONDS, _DAY_SECONDS = 3_600, 86_400
_SIDES = ("buy", "sell")


class _BookTime(Struct):
    microtimestamp: str


class _MissedDate(Struct):
    date: Id


class _Missed(Struct):
    """``type``: 0 bought, 1 sold."""

    tid: Id
    date: Id
    type: Literal[0, 1]
    price: Amount
    amount: Amount


class _Market(Struct):
    market_symbol: str
    base_currency: str
    counter_currency: str
    base_decimals: Annotated[int, Meta(ge=0, le=30)] | None = None
    counter_decimals: Annotated[int, Meta(ge=0, le=30)] | None = None
    market_type: str = "SPOT"
    contract_size: Amount | None = None
    trading: str = "Enabled"


_snapshot_time = msgspec.json.Decoder(_BookTime).decode
_dates = msgspec.json.Decoder(list[_MissedDate], strict=False).decode
_trades = msgspec.json.Decoder(list[_Missed], strict=False).decode
_markets = msgspec.json.Decoder(list[msgspec.Raw]).decode
_market = msgspec.json.Decoder(_Market, strict=False).decode


class BitstampRest(Rest):
    """``order_book``, ``transactions`` and ``markets``."""

    def snapshot_request(self, symbol: str) -> RestRequest:
        """The whole book, orders of one price added up."""
        return RestRequest(f"/api/v2/order_book/{quote(symbol)}/?group=1", weight=1)

    def classify_snapshot(self, symbol: str, body: bytes) -> Header:
        """The id of a snapshot is its time, as for changes."""
        try:
            time = _snapshot_time(body).microtimestamp
        except UNREADABLE:
            return Malformed()
        return Data("diff_order_book", symbol, time_ids(time), microseconds_ns(time))

    def normalize_snapshot(self, header: Data, body: bytes) -> Sequence[Row]:
        return snapshot_rows(header, body)

    def backfill_request(self, missing: Missing) -> RestRequest | None:
        """All trades of the last hour, or of the last day where the gap is longer than half an hour.

        Both end now; older trades are not offered.
        """
        if missing.channel != "live_trades":
            return None
        time = "hour" if missing.to_ns - missing.from_ns <= _HALF_AN_HOUR_NS else "day"
        return RestRequest(f"/api/v2/transactions/{quote(missing.symbol)}/?time={time}", weight=1)

    def classify_backfill(self, channel: str, symbol: str, body: bytes) -> Header:
        """`Data` without ids: trades are not numbered.

        An answer that spans more than an hour was requested for a day, and holds all trades of that day.
        """
        if channel != "live_trades":
            return unexpected(body)
        try:
            dates = [each.date for each in _dates(body)]
        except UNREADABLE:
            return Malformed()
        newest = max(dates, default=0)
        begins = newest - _DAY_SECONDS if dates and newest - min(dates) > _HOUR_SECONDS else 0
        return Data(channel, symbol, complete_from_ns=epoch_ns(begins * 1_000))

    def normalize_backfill(self, header: Data, body: bytes) -> Sequence[Row]:
        """Decode an answer, which has the newest trade first; its times are whole seconds."""
        return [
            Trade(
                header.symbol,
                epoch_ns(each.date * 1_000),
                str(each.tid),
                _SIDES[each.type],
                each.price,
                each.amount,
            )
            for each in sorted(_trades(body), key=lambda each: each.tid)
        ]

    def instruments_requests(self) -> tuple[RestRequest, ...]:
        """All markets in one answer."""
        return (RestRequest("/api/v2/markets/", weight=1),)

    def instruments(self, body: bytes) -> Listing:
        """All markets, with the steps of price and amount."""
        return listing(_markets(body), _instrument)


def _instrument(entry: msgspec.Raw) -> Instrument:
    each = _market(entry)
    return Instrument(
        each.market_symbol,
        each.base_currency,
        each.counter_currency,
        each.market_type.lower(),
        tick=_step(each.counter_decimals),
        lot=_step(each.base_decimals),
        contract_size=each.contract_size,
        active=each.trading == "Enabled",
    )


def _step(decimals: int | None) -> float | None:
    return None if decimals is None else float(f"1e-{decimals}")
