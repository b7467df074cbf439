"""The lake's tables: their columns, the order of their rows, how they are encoded.

Names and meanings follow the tardis.dev CSV conventions. Times are UTC in ns. Prices and amounts are
float64: the nearest to the venue's digits, so that the shortest form of the float has these digits; raw
keeps them as they came. ``exchange`` and ``date`` (UTC, of ``timestamp``; of ``from_timestamp`` in
``gaps``) are in the path only.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from msgspec import Struct

__all__ = ["CONNECTIONS", "GAPS", "TABLES", "Table"]

_TIME = pa.timestamp("ns", tz="UTC")


def _required(name: str, kind: pa.DataType) -> pa.Field[Any]:
    return pa.field(name, kind, nullable=False)


_EVERY = [
    _required("symbol", pa.string()),  # as the venue spells it, upper-case where it does not care
    _required("timestamp", _TIME),  # the venue's time; local_timestamp where it gives none
    _required("local_timestamp", _TIME),  # when the message came
]
_TRADE = [
    _required("id", pa.string()),  # the venue's, unique per symbol
    _required("side", pa.string()),  # buy or sell, the taker's
    _required("price", pa.float64()),
    _required("amount", pa.float64()),
]
_SOURCE = _required("source", pa.string())  # stream, or backfill: fetched later over REST


class Table(Struct, frozen=True):
    """One table. ``delta``, ``prefix`` and ``dictionary`` name the columns encoded that way.

    ``delta`` (DELTA_BINARY_PACKED) for what grows slowly, ``prefix`` (DELTA_BYTE_ARRAY) for ids as text,
    ``dictionary`` for what repeats at a distance. What repeats at once (prices of trades, quotes) zstd
    packs better plain: 6.4 instead of 9.0 kB for the ask prices of 28,000 quotes.
    """

    name: str
    schema: pa.Schema
    delta: tuple[str, ...] = ("timestamp", "local_timestamp")
    prefix: tuple[str, ...] = ()
    dictionary: tuple[str, ...] = ()


TRADES = Table(
    "trades",
    pa.schema(
        [
            *_EVERY,
            *_TRADE,
            pa.field("number", pa.int64()),  # its place in the venue's numbering where that is not the id
            _SOURCE,
        ]
    ),
    delta=("timestamp", "local_timestamp", "number"),
    prefix=("id",),
    dictionary=("symbol", "side", "amount", "source"),
)
"""Single trades, by symbol and id."""

AGG_TRADES = Table(
    "agg_trades",
    pa.schema(
        [
            *_EVERY,
            *_TRADE,
            _required("first_id", pa.int64()),  # the first single trade it stands for
            _required("last_id", pa.int64()),  # and the last
            _SOURCE,
        ]
    ),
    delta=("timestamp", "local_timestamp", "first_id", "last_id"),
    prefix=("id",),
    dictionary=("symbol", "side", "amount", "source"),
)
"""Trades of one taker order at one price, by symbol and id."""

BOOK_UPDATES = Table(
    "book_updates",
    pa.schema(
        [
            *_EVERY,
            _required("is_snapshot", pa.bool_()),  # one level of a whole book, not of a change
            pa.field("side", pa.string()),  # bid or ask; null, with price and amount, in the one row of a
            pa.field("price", pa.float64()),  # snapshot without levels: the book is empty from here on
            pa.field("amount", pa.float64()),  # absolute; 0 removes the level
            pa.field("first_id", pa.int64()),  # the venue's update ids that the message covers;
            pa.field("last_id", pa.int64()),  # null where the venue numbers nothing
        ]
    ),
    delta=("timestamp", "local_timestamp", "first_id", "last_id"),
    dictionary=("symbol", "side", "price", "amount"),
)
"""Levels of books, by symbol and update id; a snapshot stands before the updates that follow it.

A snapshot without levels is one row without side, price and amount, so that readers see the book emptied.
"""

QUOTES = Table(
    "quotes",
    pa.schema(
        [
            *_EVERY,
            pa.field("ask_amount", pa.float64()),  # null: the venue did not send it
            pa.field("ask_price", pa.float64()),
            pa.field("bid_price", pa.float64()),
            pa.field("bid_amount", pa.float64()),
            pa.field("last_id", pa.int64()),  # the venue's update id
        ]
    ),
    delta=("timestamp", "local_timestamp", "last_id"),
    dictionary=("symbol",),
)
"""The tops of books, by symbol and update id."""

DERIVATIVE_TICKERS = Table(
    "derivative_tickers",
    pa.schema(
        [
            *_EVERY,
            pa.field("funding_timestamp", _TIME),  # when funding is paid next
            pa.field("funding_rate", pa.float64()),  # per interval of funding; null: this message is silent
            pa.field("predicted_funding_rate", pa.float64()),
            pa.field("open_interest", pa.float64()),  # as the venue counts it: contracts or base
            pa.field("last_price", pa.float64()),
            pa.field("index_price", pa.float64()),
            pa.field("mark_price", pa.float64()),
        ]
    ),
    delta=("timestamp", "local_timestamp", "funding_timestamp"),
    dictionary=("symbol", "funding_rate", "predicted_funding_rate", "open_interest"),
)
"""What venues say of derivatives, message by message: what one does not tell is null, not repeated."""

LIQUIDATIONS = Table(
    "liquidations",
    pa.schema(
        [
            *_EVERY,
            pa.field("id", pa.string()),  # the venue's; null where it gives none
            _required("side", pa.string()),  # of the liquidation order: sell ends a long position
            _required("price", pa.float64()),  # as the venue tells it: of the order, or of the trade
            _required("amount", pa.float64()),
            pa.field("average_price", pa.float64()),  # what was traded at, on average; null: not told
        ]
    ),
    dictionary=("symbol", "side", "price", "amount"),
)
"""Positions that were closed by the venue; most venues do not tell all of them (see docs/venues.md)."""

ORDERS = Table(
    "orders",
    pa.schema(
        [
            *_EVERY,
            _required("id", pa.string()),  # the resting order's
            _required("event", pa.string()),  # created, changed or deleted
            _required("side", pa.string()),  # bid or ask
            _required("price", pa.float64()),
            _required("amount", pa.float64()),  # what is left of it
            pa.field("last_id", pa.int64()),  # the venue's number of the event
        ]
    ),
    delta=("timestamp", "local_timestamp", "last_id"),
    prefix=("id",),
    dictionary=("symbol", "event", "side", "amount"),
)
"""Books told order by order (L3), by symbol and event."""

BOOK_DIGESTS = Table(
    "book_digests",
    pa.schema(
        [
            *_EVERY,  # timestamp: the full minute; local_timestamp: of the message that ended it
            pa.field("last_id", pa.int64()),  # the last update in the book; null where there are no ids
            _required("bids", pa.int32()),  # levels on each side
            _required("asks", pa.int32()),
            _required("digest", pa.int64()),  # see daedalus.exchanges.orderbook.Book.digest
        ]
    ),
    delta=("timestamp", "local_timestamp", "last_id"),
    dictionary=("symbol",),
)
"""What each book was, once a minute, computed from raw: one rebuilt from the lake has the same digest."""

EXACT_VALUES = Table(
    "exact_values",
    pa.schema(
        [
            *_EVERY,
            _required("table", pa.string()),  # whose row has the value
            _required("value", pa.float64()),  # as it stands there
            _required("text", pa.string()),  # the venue's digits, which the float's shortest form is not
        ]
    ),
    dictionary=("symbol", "table"),
)
"""The few prices and amounts of more digits than a float64 keeps, digit by digit."""

INSTRUMENTS = Table(
    "instruments",
    pa.schema(
        [
            *_EVERY,
            _required("base", pa.string()),
            _required("quote", pa.string()),
            _required("type", pa.string()),  # spot, perpetual, future or option
            pa.field("tick", pa.float64()),  # the step of prices
            pa.field("lot", pa.float64()),  # the step of amounts
            pa.field("contract_size", pa.float64()),  # base (inverse: quote) of one contract
            pa.field("expiry", _TIME),
            _required("active", pa.bool_()),  # whether it can be traded
        ]
    ),
    delta=("timestamp", "local_timestamp", "expiry"),
    dictionary=("base", "quote", "type", "tick", "lot", "contract_size", "active"),
)
"""What could be traded, as the venue listed it, once a day."""

CONNECTIONS = Table(
    "connections",
    pa.schema(
        [
            _required("conn", pa.string()),  # the connection's id
            _required("event", pa.string()),  # open or close
            _required("timestamp", _TIME),
            _required("local_timestamp", _TIME),
            pa.field("url", pa.string()),  # of an open
            pa.field("cause", pa.string()),  # of a close: one of the ledger's causes
            pa.field("reason", pa.string()),  # of a close: in words
        ]
    ),
    dictionary=("conn", "event", "url", "cause", "reason"),
)
"""When connections were opened and why they ended, as it happened."""

GAPS = Table(
    "gaps",
    pa.schema(
        [
            _required("channel", pa.string()),
            _required("symbol", pa.string()),
            _required("from_timestamp", _TIME),  # local time of the last that is there before the gap
            _required("to_timestamp", _TIME),  # local time of the first that is there after it
            pa.field("from_id", pa.int64()),  # the last id before; null where ids prove nothing
            pa.field("to_id", pa.int64()),  # the first id after
            pa.field("missing", pa.int64()),  # how many ids lie between; null: nobody can know
            _required("cause", pa.string()),
            _required("status", pa.string()),  # open, filled, or unfillable
            pa.field("remaining", pa.int64()),  # how many are missing still; null: nobody can know
            pa.field("note", pa.string()),  # filled by what, or why it cannot be
            _required("as_of", _TIME),  # local time of what was last learned of it
        ]
    ),
    delta=("from_timestamp", "to_timestamp", "as_of"),
    dictionary=("channel", "symbol", "cause", "status", "note"),
)
"""The ledger: what is missing, by channel, symbol and time, and what became of it.

A hole that is filled after it was written down has a second line: of lines with the same channel, symbol,
``from_timestamp`` and ``from_id`` the one with the latest ``as_of`` counts.
"""

_ALL = (
    TRADES,
    AGG_TRADES,
    BOOK_UPDATES,
    QUOTES,
    DERIVATIVE_TICKERS,
    LIQUIDATIONS,
    ORDERS,
    BOOK_DIGESTS,
    EXACT_VALUES,
    INSTRUMENTS,
    CONNECTIONS,
    GAPS,
)

TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})
"""Every table by its name."""
