"""Rows of the ledger (table ``gaps``) as values: of each gap the row that was written last; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow as pa

from ..tables.gaps import Gap
from .spans import Span

__all__ = ["encloses_nothing", "gaps_of", "latest", "missing_ids", "started_anew"]


def gaps_of(batch: pa.RecordBatch) -> list[Gap]:
    """The rows of a batch; times in UTC ns."""
    columns: list[list[Any]] = []
    for name in Gap.__struct_fields__:
        column = batch.column(name)
        columns.append(
            (column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column).to_pylist()
        )
    return [Gap(*row) for row in zip(*columns, strict=True)]


def latest(gaps: Iterable[Gap]) -> list[Gap]:
    """Of each gap the row with the latest ``as_of``, in the order of time."""
    newest: dict[tuple[str, str, int, int | None], Gap] = {}
    for gap in gaps:
        key = gap.channel, gap.symbol, gap.from_timestamp, gap.from_id
        known = newest.get(key)
        if known is None or gap.as_of >= known.as_of:
            newest[key] = gap
    return sorted(newest.values(), key=lambda gap: (gap.from_timestamp, gap.from_id or 0))


def missing_ids(gap: Gap) -> Span | None:
    """The ids that were missing; None if the row names none."""
    if gap.from_id is None or gap.to_id is None or gap.to_id <= gap.from_id + 1:
        return None
    return gap.from_id + 1, gap.to_id - 1


def started_anew(gap: Gap) -> bool:
    """Whether the exchange's ids started again from below."""
    return gap.from_id is not None and gap.to_id is not None and gap.to_id <= gap.from_id


def encloses_nothing(gap: Gap) -> bool:
    """Whether a row begins at an id and encloses none: around it, ids do not tell what came first."""
    return gap.from_id is not None and missing_ids(gap) is None
