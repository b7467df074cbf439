"""A row on its way into a table, with the columns that are not the row's own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from msgspec import Struct

__all__ = ["AnyRow", "Entry", "column_lists"]


class AnyRow(Protocol):
    """A row of any table."""

    @property
    def symbol(self) -> str: ...


class Entry(Struct, frozen=True, gc=False):
    """One decoded row. ``key`` orders the entries of a symbol.

    ``timestamp`` and ``local_timestamp`` are UTC ns; ``source`` is stream or backfill.
    """

    key: int
    timestamp: int
    local_timestamp: int
    source: str
    row: AnyRow


_OF_THE_ENTRY = frozenset(("timestamp", "local_timestamp", "source"))


def column_lists(entries: Sequence[Entry], names: Iterable[str]) -> dict[str, list[Any]]:
    """One list for each of these columns, from the entries' own fields or from their rows."""
    rows = [entry.row for entry in entries]
    return {
        name: [getattr(one, name) for one in (entries if name in _OF_THE_ENTRY else rows)] for name in names
    }
