"""Rows to columns: lists of what venues decode become Arrow record batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pyarrow as pa
from msgspec import Struct

from .registry import TABLES
from .rows import (
    AggTrade,
    BookUpdate,
    DerivativeTicker,
    Instrument,
    Liquidation,
    OrderEvent,
    Quote,
    Row,
    Trade,
)

__all__ = [
    "BookDigest",
    "Entry",
    "ExactValue",
    "Gap",
    "Line",
    "LinkEvent",
    "batch",
    "gap_batch",
    "link_batch",
    "size",
    "table_of",
]


class BookDigest(Struct, frozen=True, gc=False):
    """What a book was at a full minute; see the table ``book_digests``. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int
    last_id: int | None
    bids: int
    asks: int
    digest: int


class ExactValue(Struct, frozen=True, gc=False):
    """A value of one row whose digits the float in ``table`` does not keep. ``timestamp``: UTC ns."""

    symbol: str
    timestamp: int | None
    table: str
    value: float
    text: str


Line = Row | BookDigest | ExactValue | Instrument
"""What becomes lines of a table."""


class Entry(Struct, frozen=True, gc=False):
    """One decoded row on its way into a table. ``key`` orders the entries of a symbol.

    ``timestamp`` and ``local_timestamp`` are UTC ns; ``source`` is stream or backfill.
    """

    key: int
    timestamp: int
    local_timestamp: int
    source: str
    row: Line


class Gap(Struct, frozen=True):
    """One line of the ledger; see the table ``gaps``. Times are UTC ns."""

    channel: str
    symbol: str
    from_timestamp: int
    to_timestamp: int
    from_id: int | None
    to_id: int | None
    missing: int | None
    cause: str
    status: str = "open"
    remaining: int | None = None
    note: str | None = None
    as_of: int = 0


class LinkEvent(Struct, frozen=True):
    """One line of the table ``connections``. ``timestamp``: UTC ns."""

    conn: str
    event: str
    timestamp: int
    url: str | None = None
    cause: str | None = None
    reason: str | None = None


_TABLE_OF: Mapping[type, str] = MappingProxyType(
    {
        Trade: "trades",
        AggTrade: "agg_trades",
        BookUpdate: "book_updates",
        Quote: "quotes",
        DerivativeTicker: "derivative_tickers",
        Liquidation: "liquidations",
        OrderEvent: "orders",
        BookDigest: "book_digests",
        ExactValue: "exact_values",
        Instrument: "instruments",
    }
)


def table_of(row: Line) -> str:
    """The table in which a row belongs."""
    return _TABLE_OF[type(row)]


def size(row: Line) -> int:
    """How many lines of its table a row becomes: of a snapshot without levels the one that says so."""
    if not isinstance(row, BookUpdate):
        return 1
    return len(row.bids) + len(row.asks) or int(row.is_snapshot)


def batch(table: str, symbol: str | None, entries: Sequence[Entry]) -> pa.RecordBatch:
    """The lines of entries, in their order, in the columns of the table's schema.

    ``symbol``: that of all of them; None: they are of several.
    """
    schema = TABLES[table].schema
    columns = _BUILDERS[table](entries) if table in _BUILDERS else _plain(table, entries)
    lines = len(columns["timestamp"])
    if symbol is None:
        columns["symbol"] = [entry.row.symbol for entry in entries for _ in range(size(entry.row))]
    else:
        columns["symbol"] = pa.repeat(symbol, lines)
    arrays = [_array(columns[field.name], field.type) for field in schema]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def gap_batch(gaps: Sequence[Gap]) -> pa.RecordBatch:
    """Lines of the table ``gaps``, in the order given."""
    return _struct_batch("gaps", gaps, {})


def link_batch(events: Sequence[LinkEvent]) -> pa.RecordBatch:
    """Lines of the table ``connections``, in the order given."""
    return _struct_batch("connections", events, {"local_timestamp": "timestamp"})


def _struct_batch(table: str, lines: Sequence[Struct], named: Mapping[str, str]) -> pa.RecordBatch:
    schema = TABLES[table].schema
    arrays = [
        _array([getattr(line, named.get(field.name, field.name)) for line in lines], field.type)
        for field in schema
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _array(values: Sequence[object] | pa.Array[Any], kind: pa.DataType) -> pa.Array[Any]:
    if not isinstance(values, pa.Array):
        return pa.array(values, kind)
    return values if values.type == kind else values.cast(kind)


def _times(entries: Sequence[Entry]) -> dict[str, Any]:
    return {
        "timestamp": [entry.timestamp for entry in entries],
        "local_timestamp": [entry.local_timestamp for entry in entries],
    }


def _fields(entries: Sequence[Entry], names: Sequence[str]) -> dict[str, Any]:
    rows: list[Any] = [entry.row for entry in entries]
    return {name: [getattr(row, name) for row in rows] for name in names}


def _trades(entries: Sequence[Entry]) -> dict[str, Any]:
    return _traded(entries, "number")


def _agg_trades(entries: Sequence[Entry]) -> dict[str, Any]:
    return _traded(entries, "first_id", "last_id")


def _traded(entries: Sequence[Entry], *own: str) -> dict[str, Any]:
    columns = _times(entries) | _fields(entries, ("id", "side", "price", "amount", *own))
    columns["source"] = [entry.source for entry in entries]
    return columns


def _plain(table: str, entries: Sequence[Entry]) -> dict[str, Any]:
    """Lines whose columns are the fields of their rows."""
    times = _times(entries)
    names = [name for name in TABLES[table].schema.names if name not in times and name != "symbol"]
    return times | _fields(entries, names)


def _book_updates(entries: Sequence[Entry]) -> dict[str, Any]:
    """One line per level; what belongs to the whole message is built once and repeated by index.

    A snapshot without levels is one line without side, price and amount: the book is empty from here on.
    """
    parents: list[int] = []
    is_ask: list[bool | None] = []
    prices: list[float | None] = []
    amounts: list[float | None] = []
    for position, entry in enumerate(entries):
        update = entry.row
        assert isinstance(update, BookUpdate)
        for levels, ask in ((update.bids, False), (update.asks, True)):
            if levels:
                parents += [position] * len(levels)
                is_ask += [ask] * len(levels)
                prices += [price for price, _ in levels]
                amounts += [amount for _, amount in levels]
        if update.is_snapshot and not update.bids and not update.asks:
            parents.append(position)
            is_ask.append(None)
            prices.append(None)
            amounts.append(None)
    of_message = _times(entries) | _fields(entries, ("is_snapshot", "first_id", "last_id"))
    index = pa.array(parents, pa.int32())
    schema = TABLES["book_updates"].schema
    columns: dict[str, Any] = {
        name: pa.array(values, schema.field(name).type).take(index) for name, values in of_message.items()
    }
    side = pa.array(is_ask, pa.bool_()).cast(pa.int8())
    columns["side"] = pa.DictionaryArray.from_arrays(side, pa.array(["bid", "ask"]))
    return columns | {"price": prices, "amount": amounts}


_BUILDERS: Mapping[str, Callable[[Sequence[Entry]], dict[str, Any]]] = MappingProxyType(
    {"trades": _trades, "agg_trades": _agg_trades, "book_updates": _book_updates}
)
