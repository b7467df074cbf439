"""The table ``book_updates``, in which a decoded row becomes many lines, one for each level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from .entry import AnyRow, Entry, column_lists
from .table import KEY, Column, Table

__all__ = ["BOOK_UPDATES", "BookUpdate", "Level", "line_count"]

Level = tuple[float, float]
"""Price and amount; an amount of 0 removes the level."""


class BookUpdate(Struct, frozen=True):
    """Changed levels of one book, or all levels as a snapshot; amounts are absolute.

    ``previous_id``: the ``last_id`` of the update before, where the exchange links updates and skips numbers;
    it has no column.
    """

    symbol: str
    timestamp: int | None
    is_snapshot: bool
    bids: Sequence[Level]
    asks: Sequence[Level]
    first_id: int | None = None
    last_id: int | None = None
    previous_id: int | None = None


def line_count(row: AnyRow) -> int:
    """How many lines a row becomes; a snapshot without levels becomes one."""
    if not isinstance(row, BookUpdate):
        return 1
    return len(row.bids) + len(row.asks) or int(row.is_snapshot)


def _numbers(row: BookUpdate) -> Iterator[float]:
    for levels in (row.bids, row.asks):
        for level in levels:
            yield from level


def _build(entries: Sequence[Entry]) -> dict[str, Any]:
    """One line per level; values of the whole message are built once and repeated by index.

    A snapshot without levels is one line without side, price and amount: the book is empty from here on.
    """
    import pyarrow as pa

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
    of_message = column_lists(entries, ("timestamp", "local_timestamp", "is_snapshot", "first_id", "last_id"))
    index = pa.array(parents, pa.int32())
    columns: dict[str, Any] = {
        name: pa.array(values, BOOK_UPDATES.schema.field(name).type).take(index)
        for name, values in of_message.items()
    }
    side = pa.array(is_ask, pa.bool_()).cast(pa.int8())
    columns["side"] = pa.DictionaryArray.from_arrays(side, pa.array(["bid", "ask"]))
    return columns | {"price": prices, "amount": amounts}


_EMPTY = "null in the one row of an [empty snapshot](#books-that-are-empty)"

BOOK_UPDATES = Table(
    "book_updates",
    BookUpdate,
    "Levels of books, by symbol and update id; a snapshot stands before the updates that follow it.",
    (
        *KEY,
        Column(
            "is_snapshot", "bool", "whether the level is part of a whole book, not of a change", required=True
        ),
        Column("side", "string", f"`bid` or `ask`; {_EMPTY}", encoding="dictionary"),
        Column("price", "float64", f"of the level; {_EMPTY}", encoding="dictionary"),
        Column("amount", "float64", f"absolute; 0 removes the level; {_EMPTY}", encoding="dictionary"),
        Column("first_id", "int64", "the first update id that the message covers", encoding="delta"),
        Column("last_id", "int64", "the last; null where the exchange numbers nothing", encoding="delta"),
    ),
    numbers=_numbers,
    build=_build,
)
