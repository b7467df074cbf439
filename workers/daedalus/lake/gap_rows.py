"""The ledger as the lake has it: of each gap's lines the one that was learned last."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa

from ..tables.gaps import Gap
from .spans import Span

__all__ = ["gaps_of", "inside", "latest", "seconds_without"]

_SERVED = ("exchange", "snapshot")
"""Causes of gaps in which a connection did serve the stream."""


def gaps_of(batch: pa.RecordBatch) -> list[Gap]:
    """The lines in rows of the table ``gaps``; times in UTC ns."""
    columns: list[list[Any]] = []
    for name in Gap.__struct_fields__:
        column = batch.column(name)
        columns.append(
            (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        )
    return [Gap(*row) for row in zip(*columns, strict=True)]


def latest(lines: Iterable[Gap]) -> list[Gap]:
    """One line for each gap, in the order of time."""
    newest: dict[tuple[str, str, int, int | None], Gap] = {}
    for line in lines:
        key = line.channel, line.symbol, line.from_timestamp, line.from_id
        known = newest.get(key)
        if known is None or line.as_of >= known.as_of:
            newest[key] = line
    return sorted(newest.values(), key=lambda line: (line.from_timestamp, line.from_id or 0))


def inside(line: Gap) -> Span | None:
    """The ids that a line says were missing; None where it names none."""
    if line.from_id is None or line.to_id is None or line.to_id <= line.from_id + 1:
        return None
    return line.from_id + 1, line.to_id - 1


def seconds_without(lines: Sequence[Gap], outages: Sequence[Span], from_ns: int, to_ns: int) -> float:
    """Seconds within ``from_ns``..``to_ns`` in which nobody served the stream."""
    from .spans import common, count, union

    off = [(line.from_timestamp, line.to_timestamp - 1) for line in lines if line.cause not in _SERVED]
    spans, _ = union([span for span in (*off, *outages) if span[0] <= span[1]])
    return count(common(spans, [(from_ns, to_ns - 1)])) / 1e9
