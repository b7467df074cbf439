"""What the rows of a stream's day show: how many, which ids, when, and how late.

Ids are kept as spans and delays as samples, so that a day takes little memory, whatever it holds.
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

__all__ = ["Evidence", "by_symbol", "trade_numbers"]

_SAMPLES = 200  # delays per batch and symbol
_MOST_SAMPLES = 50_000  # per day and symbol
_COMPACT = 100_000  # so many spans are united before more are taken


class Evidence(Struct):
    """One stream's day. ``spans`` are the ids, ``duplicates`` counts those that came more than once.

    ``trade_ids``: of aggregate trades, the ids of the single trades they stand for. ``unnumbered`` counts
    rows without an id that proves anything, ``repeated`` rows identical to the row before. ``first_ns`` and
    ``last_ns`` are local times (UTC ns). ``offsets``: samples of the receive delay (ns), ``late_ns``: their
    median, once the day is over.
    """

    rows: int = 0
    spans: list[Span] = []
    trade_ids: list[Span] = []
    duplicates: int = 0
    unnumbered: int = 0
    repeated: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    offsets: list[int] = []
    late_ns: float | None = None

    def add(self, table: str, scheme: IdScheme, part: pa.RecordBatch) -> None:
        """Take rows of one symbol."""
        self.rows += part.num_rows
        local = part.column("local_timestamp").cast(pa.int64())
        bounds = pc.min_max(local)
        first, last = bounds["min"].as_py(), bounds["max"].as_py()
        self.first_ns = first if self.first_ns is None else min(self.first_ns, first)
        self.last_ns = last if self.last_ns is None else max(self.last_ns, last)
        self._sample(part, local)
        if table in ("trades", "agg_trades") and scheme is not IdScheme.NONE:
            self._number(table, part)
        elif scheme is IdScheme.NONE:
            self.repeated += _repeated(part)

    def compacted(self) -> list[Span]:
        """The ids, sorted and disjoint."""
        self.spans, duplicates = union(self.spans)
        self.duplicates += duplicates
        return self.spans

    def close(self) -> None:
        """The day is over: keep the ids and the median delay (None: the exchange sends no time)."""
        self.compacted()
        self.trade_ids = union(self.trade_ids)[0]
        self.late_ns = median(self.offsets) if self.offsets else None
        self.offsets = []

    def _number(self, table: str, part: pa.RecordBatch) -> None:
        last = trade_numbers(part)
        if last is None or last.null_count:
            self.unnumbered += part.num_rows
            return
        first = last
        if table == "agg_trades":
            self.trade_ids += _runs(part.column("first_id"), part.column("last_id"))
            if len(self.trade_ids) > _COMPACT:
                self.trade_ids = union(self.trade_ids)[0]
        # An aggregate whose id is that of its last trade covers the ids of all its trades.
        if table == "agg_trades" and last.equals(part.column("last_id")):
            first = part.column("first_id")
        self.spans += _runs(first, last)
        if len(self.spans) > _COMPACT:
            self.compacted()

    def _sample(self, part: pa.RecordBatch, local: pa.Array[Any]) -> None:
        step = max(1, part.num_rows // _SAMPLES)
        chosen = pa.array(range(0, part.num_rows, step), pa.int64())
        late = pc.subtract(
            local.take(chosen), part.column("timestamp").cast(pa.int64()).take(chosen)
        ).to_pylist()
        if "source" in part.schema.names:
            sources = part.column("source").take(chosen).to_pylist()
            late = [each for each, source in zip(late, sources, strict=True) if source == "stream"]
        if len(self.offsets) < _MOST_SAMPLES:
            self.offsets += [each for each in late if each]  # zero: the exchange sent no time


def by_symbol(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """The rows of a batch in runs of one symbol each, in their order."""
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


def trade_numbers(part: pa.RecordBatch) -> pa.Array[Any] | None:
    """The number of each trade as its exchange counts them; None if the rows have none."""
    ids: pa.Array[Any] | None
    try:
        ids = pc.cast(part.column("id"), pa.int64())
    except pa.ArrowInvalid:
        ids = None
    if "number" in part.schema.names:
        ids = part.column("number") if ids is None else pc.coalesce(part.column("number"), ids)
    return ids


def _runs(first: Any, last: Any) -> list[Span]:  # noqa: ANN401 - arrays of whole numbers
    """The spans ``first``..``last``; consecutive ones are joined."""
    breaks = [0]
    if len(last) > 1:
        follows = pc.equal(first.slice(1), pc.add(last.slice(0, len(last) - 1), 1))
        breaks += [at + 1 for at in pc.indices_nonzero(pc.invert(follows)).to_pylist()]
    begins = first.take(pa.array(breaks, pa.int64())).to_pylist()
    ends = last.take(pa.array([*(at - 1 for at in breaks[1:]), len(last) - 1], pa.int64())).to_pylist()
    return list(zip(begins, ends, strict=True))


def _repeated(part: pa.RecordBatch) -> int:
    """How many rows are identical to the row before."""
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
