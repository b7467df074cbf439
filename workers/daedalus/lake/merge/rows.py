"""Merges two recorders' rows of one symbol and day; pure.

Rows with ids are merged by id. Rows without ids but with the exchange's time are merged by content: a row
that both have is kept once, and a row that the exchange sent twice is kept twice. Of other rows, and of books
without update ids, one recorder's rows are taken, and the other's fill the times in which it recorded
nothing. Of a row that both have, the one received first stays. The result is the same whichever lake is named
first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ..channels import IdScheme
from ..row_evidence import trade_numbers
from ..spans import Span

pc: Any = pyarrow.compute

__all__ = ["Side", "merge_rows"]

_TIMES = ("timestamp", "local_timestamp")
_MARGIN_NS = 2_000_000_000


class Side(Struct, frozen=True):
    """One recorder's rows. ``off``: local times (UTC ns) in which it recorded nothing of the stream."""

    rows: pa.Table
    off: Sequence[Span] = ()


def merge_rows(table: str, rule: IdScheme, base: Side, other: Side, *, anew: bool = False) -> pa.Table:
    """One stream out of two. ``base``: the recorder that is followed where rows cannot be merged.

    ``anew``: the exchange's ids started anew within these rows, so that they do not order them.
    """
    both = pa.concat_tables([base.rows, other.rows])
    if not both.num_rows:
        return both
    if table == "connections":
        return _in_order(_first_of(both, both.schema.names), [])
    if table == "book_updates":
        return _books(both, base.rows.num_rows, anew) if _filled(both, "last_id") else _filling(base, other)
    if table in ("trades", "agg_trades"):
        return _trades(both, rule, anew)
    if table == "quotes" and _filled(both, "last_id"):
        return _in_order(_first_of(both, ["last_id"]), [] if anew else ["last_id"])
    if table == "instruments":
        names = [name for name in both.schema.names if name not in _TIMES]
        return _in_order(_first_of(both, names), [])
    if _has_exchange_time(both):
        return _in_order(_by_content(base.rows, other.rows), [])
    return _filling(base, other)


def _trades(both: pa.Table, rule: IdScheme, anew: bool) -> pa.Table:
    numbers = trade_numbers(both.combine_chunks().to_batches()[0])
    if rule is IdScheme.NONE or numbers is None or numbers.null_count:
        return _in_order(_first_of(both, ["id"]), [])
    numbered = both.append_column("_number", numbers)
    kept = _first_of(numbered, ["_number"])
    return _in_order(kept, [] if anew else ["_number"]).drop_columns(["_number"])


def _books(both: pa.Table, second_at: int, anew: bool) -> pa.Table:
    """Whole messages, by their update ids; a snapshot follows the update it ends with."""
    key = ["is_snapshot", "first_id", "last_id", "local_timestamp", "timestamp"]
    begins = _begins(both, key, second_at)
    number = pc.subtract(pc.cumulative_sum(begins.cast(pa.int64())), 1)
    heads = both.select(key).filter(begins)
    heads = heads.append_column("_message", pa.array(range(heads.num_rows), pa.int64()))
    kept = _first_of(heads, ["is_snapshot", "first_id", "last_id"])
    kept = _in_order(kept, [] if anew else ["last_id", "is_snapshot", "first_id"])
    ranks = pa.table({"_message": kept["_message"], "_rank": pa.array(range(kept.num_rows), pa.int64())})
    position = pc.index_in(number, ranks["_message"].combine_chunks())
    rank = ranks["_rank"].take(position)
    chosen = both.append_column("_rank", rank).filter(pc.is_valid(rank))
    return chosen.take(pc.sort_indices(chosen["_rank"])).drop_columns(["_rank"])


def _by_content(one: pa.Table, other: pa.Table) -> pa.Table:
    """The rows of both; each as often as the recorder has it that has it more often."""
    names = [name for name in one.schema.names if name not in ("local_timestamp", "source")]
    both = pa.concat_tables([_counted(one, names), _counted(other, names)])
    return _first_of(both, [*names, "_nth"]).drop_columns(["_nth"])


def _filling(base: Side, other: Side) -> pa.Table:
    """The rows of one recorder, and the other's rows of the times in which it recorded nothing."""
    rows = base.rows
    local = _ns(other.rows, "local_timestamp")
    time = _ns(other.rows, "timestamp")
    by_exchange = _has_exchange_time(pa.concat_tables([rows, other.rows]))
    wanted = pa.chunked_array([pa.repeat(pa.scalar(False), other.rows.num_rows)])
    order = local
    for from_ns, to_ns in base.off:
        if by_exchange:
            # The two clocks differ; where the exchange sends its time, that decides.
            known, came = _ns(rows, "timestamp"), _ns(rows, "local_timestamp")
            begin = pc.max(known.filter(pc.less_equal(came, from_ns))).as_py()
            end = pc.min(known.filter(pc.greater_equal(came, to_ns))).as_py()
            low = from_ns - _MARGIN_NS if begin is None else begin
            high = to_ns + _MARGIN_NS if end is None else end
            hit = pc.and_(pc.greater_equal(time, low), pc.less_equal(time, high))
        else:
            hit = pc.and_(pc.greater(local, from_ns), pc.less(local, to_ns))
        wanted = pc.or_(wanted, hit)
        # Whatever the other's clock says, rows that fill an outage lie between its two ends.
        inside = pc.max_element_wise(pc.min_element_wise(local, to_ns - 1), from_ns + 1)
        order = pc.if_else(hit, inside, order)
    filling = other.rows.append_column("_order", order).filter(wanted)
    if by_exchange and filling.num_rows and rows.num_rows:
        names = [name for name in rows.schema.names if name not in ("local_timestamp", "source")]
        known_rows = rows.append_column("_order", _ns(rows, "local_timestamp"))
        filling = _without(filling, known_rows, names)
    together = pa.concat_tables([rows.append_column("_order", _ns(rows, "local_timestamp")), filling])
    together = together.take(pc.sort_indices(together["_order"]))  # a stable sort: messages stay whole
    return together.drop_columns(["_order"])


def _without(rows: pa.Table, others: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows whose content the others do not have."""
    marked = pa.concat_tables(
        [
            others.append_column("_mine", pa.repeat(pa.scalar(False), others.num_rows)),
            rows.append_column("_mine", pa.repeat(pa.scalar(True), rows.num_rows)),
        ]
    )
    marked = marked.append_column("_at", pa.array(range(marked.num_rows), pa.int64()))
    keys = [(name, "ascending") for name in (*names, "_mine", "_at")]
    ordered = marked.take(pc.sort_indices(marked, sort_keys=keys))
    new = _differs(ordered, names)
    # A run of equal content that begins with one of the others' rows is not new.
    theirs = pc.invert(ordered["_mine"])
    starts = pc.fill_null_forward(pc.if_else(new, theirs, pa.scalar(None, pa.bool_())))
    kept = ordered.filter(pc.and_(ordered["_mine"], pc.invert(starts)))
    kept = kept.take(pc.sort_indices(kept["_at"]))
    return kept.drop_columns(["_mine", "_at"])


def _counted(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows sorted by content, each with the number of equal rows before it."""
    keys = [(name, "ascending") for name in (*names, "local_timestamp")]
    ordered = rows.take(pc.sort_indices(rows, sort_keys=keys))
    at = pa.array(range(ordered.num_rows), pa.int64())
    starts = pc.if_else(_differs(ordered, names), at, pa.scalar(0, pa.int64()))
    if isinstance(starts, pa.ChunkedArray):
        starts = starts.combine_chunks()
    nth = pc.subtract(at, pc.cumulative_max(starts)) if ordered.num_rows else at
    return ordered.append_column("_nth", nth)


def _first_of(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """Of rows that agree in ``names``, the one received first."""
    rest = [name for name in rows.schema.names if name not in names and name != "local_timestamp"]
    keys = [(name, "ascending") for name in names]
    keys += [] if "local_timestamp" in names else [("local_timestamp", "ascending")]
    # Rows of the stream come before backfilled ones; then any order that does not depend on the side.
    keys += [(name, "descending" if name == "source" else "ascending") for name in rest]
    ordered = rows.take(pc.sort_indices(rows, sort_keys=keys))
    return ordered.filter(_differs(ordered, names))


def _in_order(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows sorted by these columns, then in the order of receipt."""
    rest = [name for name in rows.schema.names if name not in names and name != "local_timestamp"]
    keys = [(name, "ascending") for name in (*names, "local_timestamp", *rest)]
    return rows.take(pc.sort_indices(rows, sort_keys=keys))


def _begins(rows: pa.Table, names: Sequence[str], second_at: int) -> pa.ChunkedArray[Any]:
    """Which rows begin a message. ``second_at``: the first row of the second recorder."""
    differs = _differs(rows, names)
    if 0 < second_at < rows.num_rows:
        at = pa.array(range(rows.num_rows), pa.int64())
        differs = pc.or_(differs, pc.equal(at, second_at))
    return differs if isinstance(differs, pa.ChunkedArray) else pa.chunked_array([differs])


def _differs(rows: pa.Table, names: Sequence[str]) -> Any:  # noqa: ANN401 - an array of bool
    """For each row whether it differs from the one before it in any of these columns."""
    if not rows.num_rows:
        return pa.array([], pa.bool_())
    differs: Any = pa.array([False] * (rows.num_rows - 1), pa.bool_())
    for name in names:
        column = rows[name].combine_chunks()
        if isinstance(column, pa.ChunkedArray):
            column = column.chunk(0)
        one, after = column.slice(0, len(column) - 1), column.slice(1)
        equal = pc.fill_null(pc.equal(one, after), False)
        equal = pc.or_(equal, pc.and_(pc.is_null(one), pc.is_null(after)))
        differs = pc.or_(differs, pc.invert(equal))
    return pa.concat_arrays([pa.array([True]), differs])


def _filled(rows: pa.Table, name: str) -> bool:
    return rows[name].null_count == 0


def _has_exchange_time(rows: pa.Table) -> bool:
    same = pc.equal(_ns(rows, "timestamp"), _ns(rows, "local_timestamp"))
    return not pc.all(same).as_py()


def _ns(rows: pa.Table, name: str) -> Any:  # noqa: ANN401 - an array of whole numbers
    return rows[name].cast(pa.int64())
