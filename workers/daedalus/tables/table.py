"""`Table`: a name, columns with their meaning, and the type of its rows. Does not import Arrow by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from .entry import Entry

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["KEY", "LOCAL_TIMESTAMP", "SYMBOL", "TIMESTAMP", "Column", "Encoding", "Kind", "Table", "fields"]

Kind = Literal["string", "int32", "int64", "float64", "bool", "time"]
"""The type of a column's values; ``time`` is UTC in ns."""

Encoding = Literal["plain", "dictionary", "delta", "prefix"]
"""``delta`` (DELTA_BINARY_PACKED) for slowly growing numbers, ``prefix`` (DELTA_BYTE_ARRAY) for ids as text,
``dictionary`` for values that repeat at a distance. Values that repeat at once (prices of trades and quotes)
zstd packs better plain: 6.4 instead of 9.0 kB for the ask prices of 28,000 quotes.
"""


class Column(Struct, frozen=True):
    """One column: its name on disk, what it means (Markdown, for docs/data-format.md), how it is stored."""

    name: str
    kind: Kind
    meaning: str
    required: bool = False
    encoding: Encoding = "plain"


def _nothing(_row: object) -> Iterable[float]:
    return ()


class Table(Struct, frozen=True, dict=True):
    """One table. ``about``: what its rows are (Markdown, for docs/data-format.md).

    ``numbers``: the numbers of a row that the exchange wrote in decimal digits, so that those which a float64
    does not keep are found. ``build``: the columns of entries, without ``symbol``, as lists or arrays; needed
    only where a row is not one line with the columns as its fields.
    """

    name: str
    row: type[Struct]
    about: str
    columns: tuple[Column, ...]
    numbers: Callable[[Any], Iterable[float]] = _nothing
    build: Callable[[Sequence[Entry]], dict[str, Any]] | None = None

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns as an Arrow schema."""
        import pyarrow as pa

        kinds: dict[Kind, pa.DataType] = {
            "string": pa.string(),
            "int32": pa.int32(),
            "int64": pa.int64(),
            "float64": pa.float64(),
            "bool": pa.bool_(),
            "time": pa.timestamp("ns", tz="UTC"),
        }
        return pa.schema(
            [pa.field(each.name, kinds[each.kind], nullable=not each.required) for each in self.columns]
        )

    def encoded(self, encoding: Encoding) -> list[str]:
        """The names of the columns with this encoding."""
        return [each.name for each in self.columns if each.encoding == encoding]


def fields(*names: str) -> Callable[[Any], Iterable[float]]:
    """A function of a row: the numbers in these fields that are not None."""

    def numbers(row: object) -> Iterable[float]:
        found = (getattr(row, name) for name in names)
        return [number for number in found if number is not None]

    return numbers


SYMBOL = Column(
    "symbol",
    "string",
    "as the exchange spells it, upper-case where it does not care",
    required=True,
    encoding="dictionary",
)
TIMESTAMP = Column(
    "timestamp",
    "time",
    "the exchange's time ([which one](#the-exchanges-time)); `local_timestamp` where it sends none",
    required=True,
    encoding="delta",
)
LOCAL_TIMESTAMP = Column(
    "local_timestamp", "time", "when the message was received", required=True, encoding="delta"
)

KEY = (SYMBOL, TIMESTAMP, LOCAL_TIMESTAMP)
"""The first columns of nearly every table."""
