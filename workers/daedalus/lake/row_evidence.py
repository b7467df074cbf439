"""What the rows themselves say of a stream and a day: how many, which ids, when, and how late.

Ids are kept as spans, offsets as samples: a day takes little memory, whatever it holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from .channels import IdScheme
from .spans import Span, union

pc: Any = pyarrow.compute

__all__ = ["Evidence", "note", "slices", "whole_numbers"]

_SAMPLES = 200  # offsets per batch and symbol
_MOST_SAMPLES = 50_000
_COMPACT = 100_000


class Evidence(Struct):
    """One stream's day. ``spans`` are the ids as they came, ``duplicates`` how many came more than once.
    ``parts``: of aggregate trades, the ids of the single trades they stand for.

    ``repeated`` counts rows that are the very same as the one before. ``first_ns`` and ``last_ns`` are
    local times; ``offsets`` samples of receive delay (ns), ``late_ns`` their median once the day is over.
    """

    rows: int = 0
    spans: list[Span] = []
    parts: list[Span] = []
    duplicates: int = 0
    unnumbered: int = 0
    repeated: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    offsets: list[int] = []
    late_ns: float | None = None

    def compacted(self) -> list[Span]:
        """The ids, sorted and disjoint."""
        self.spans, duplicates = union(self.spans)
        self.duplicates += duplicates
        return self.spans

    def close(self) -> None:
        """The day is over: keep the ids and the median offset (None: the exchange gives no time)."""
        self.compacted()
        self.parts = union(self.parts)[0]
        self.late_ns = median(self.offsets) if self.offsets else None
        self.offsets = []


def slices(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The parts of a batch that are of one symbol each, in its order."""
    if not batch.num_rows:
        return
    symbols = batch.column("symbol")
    ends: list[int] = [batch.num_rows]
    if batch.num_rows > 1:
        changes = pc.indices_nonzero(pc.not_equal(symbols.slice(1), symbols.slice(0, len(symbols) - 1)))
        ends = [*(at + 1 for at in changes.to_pylist()), batch.num_rows]
    begin = 0
    for end in ends:
        yield symbols[begin].as_py(), batch.slice(begin, end - begin)
        begin = end


def note(found: Evidence, table: str, rule: IdScheme, part: pa.RecordBatch) -> None:
    """Take rows of one symbol of a table into its evidence."""
    found.rows += part.num_rows
    local = part.column("local_timestamp").cast(pa.int64())
    bounds = pc.min_max(local)
    first, last = bounds["min"].as_py(), bounds["max"].as_py()
    found.first_ns = first if found.first_ns is None else min(found.first_ns, first)
    found.last_ns = last if found.last_ns is None else max(found.last_ns, last)
    _sample(found, part, local)
    if table in ("trades", "agg_trades") and rule is not IdScheme.NONE:
        _number(found, table, part)
    elif rule is IdScheme.NONE:
        found.repeated += _repeated(part)


def whole_numbers(part: pa.RecordBatch) -> pa.Array[Any] | None:
    """The place of each trade in its exchange's numbering; None where rows do not say it."""
    ids: pa.Array[Any] | None
    try:
        ids = pc.cast(part.column("id"), pa.int64())
    except pa.ArrowInvalid:
        ids = None
    if "number" in part.schema.names:
        ids = part.column("number") if ids is None else pc.coalesce(part.column("number"), ids)
    return ids


def _number(found: Evidence, table: str, part: pa.RecordBatch) -> None:
    last = whole_numbers(part)
    if last is None or last.null_count:
        found.unnumbered += part.num_rows
        return
    first = last
    if table == "agg_trades":
        found.parts += _runs(part.column("first_id"), part.column("last_id"))
        if len(found.parts) > _COMPACT:
            found.parts = union(found.parts)[0]
    # Where an aggregate is known by its last trade, its ids are those of all its trades.
    if table == "agg_trades" and last.equals(part.column("last_id")):
        first = part.column("first_id")
    found.spans += _runs(first, last)
    if len(found.spans) > _COMPACT:
        found.compacted()


def _runs(first: Any, last: Any) -> list[Span]:  # noqa: ANN401 - arrays of whole numbers
    """The spans ``first``..``last``, those that follow upon each other as one."""
    breaks = [0]
    if len(last) > 1:
        follows = pc.equal(first.slice(1), pc.add(last.slice(0, len(last) - 1), 1))
        breaks += [at + 1 for at in pc.indices_nonzero(pc.invert(follows)).to_pylist()]
    begins = first.take(pa.array(breaks, pa.int64())).to_pylist()
    ends = last.take(pa.array([*(at - 1 for at in breaks[1:]), len(last) - 1], pa.int64())).to_pylist()
    return list(zip(begins, ends, strict=True))


def _sample(found: Evidence, part: pa.RecordBatch, local: pa.Array[Any]) -> None:
    step = max(1, part.num_rows // _SAMPLES)
    chosen = pa.array(range(0, part.num_rows, step), pa.int64())
    late = pc.subtract(local.take(chosen), part.column("timestamp").cast(pa.int64()).take(chosen)).to_pylist()
    if "source" in part.schema.names:
        sources = part.column("source").take(chosen).to_pylist()
        late = [each for each, source in zip(late, sources, strict=True) if source == "stream"]
    if len(found.offsets) < _MOST_SAMPLES:
        found.offsets += [each for each in late if each]  # none at all: the exchange gave no time


def _repeated(part: pa.RecordBatch) -> int:
    if part.num_rows < 2:
        return 0
    same: Any = None
    for name in ("local_timestamp", *(name for name in part.schema.names if name != "local_timestamp")):
        column = part.column(name)
        one, after = column.slice(0, len(column) - 1), column.slice(1)
        nulls = pc.and_(pc.is_null(one), pc.is_null(after))
        equal = pc.or_(pc.fill_null(pc.equal(one, after), False), nulls)
        same = equal if same is None else pc.and_(same, equal)
        if not pc.any(same).as_py():
            return 0
    return int(pc.sum(same).as_py() or 0)
