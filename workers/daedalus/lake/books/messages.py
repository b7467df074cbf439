"""Rows of ``book_updates`` and ``book_digests`` as messages and digests again."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute
from msgspec import Struct

from ...tables.rows import BookUpdate

pc: Any = pyarrow.compute

__all__ = ["Digest", "Message", "Messages", "digests_of", "messages_of"]


class Message(Struct, frozen=True):
    """One stored message: its levels, and when it was received (UTC ns)."""

    update: BookUpdate
    local_ns: int


class Digest(Struct, frozen=True):
    """One row of ``book_digests``. ``minute_ns``: the full minute (UTC ns) it was taken at."""

    minute_ns: int
    last_id: int | None
    bids: int
    asks: int
    digest: int


def messages_of(symbol: str, part: pa.RecordBatch) -> Iterator[Message]:
    """The messages in rows of one symbol, in their order."""
    local = part.column("local_timestamp").cast(pa.int64())
    names = ("is_snapshot", "first_id", "last_id", "timestamp")
    changed = _changes(local)
    for name in names:
        changed = pc.or_(changed, _changes(part.column(name)))
    empty = pc.is_null(part.column("side"))  # a snapshot without levels is one row
    if has_empty := pc.any(empty).as_py():
        changed = pc.or_(changed, pc.or_(empty.slice(0, len(empty) - 1), empty.slice(1)))
    begins = [0, *(at + 1 for at in pc.indices_nonzero(changed).to_pylist())]
    ends = [*begins[1:], part.num_rows]
    at = pa.array(begins, pa.int64())
    heads = [part.column(name).take(at).to_pylist() for name in ("is_snapshot", "first_id", "last_id")]
    times = [column.take(at).to_pylist() for column in (local, part.column("timestamp").cast(pa.int64()))]
    bids = pc.fill_null(pc.equal(part.column("side"), "bid"), False).to_pylist()
    prices, amounts = _floats(part.column("price")), _floats(part.column("amount"))
    for begin, end, is_snapshot, first, last, local_ns, exchange_ns in zip(
        begins, ends, *heads, *times, strict=True
    ):
        if has_empty and empty[begin].as_py():
            yield Message(BookUpdate(symbol, exchange_ns, is_snapshot, (), (), first, last), local_ns)
            continue
        levels = list(zip(prices[begin:end], amounts[begin:end], strict=True))
        middle = bisect_left(bids, True, begin, end, key=lambda bid: not bid)
        if all(bids[begin:middle]) and not any(bids[middle:end]):
            sides = levels[: middle - begin], levels[middle - begin :]
        else:
            sides = (
                [level for level, bid in zip(levels, bids[begin:end], strict=True) if bid],
                [level for level, bid in zip(levels, bids[begin:end], strict=True) if not bid],
            )
        yield Message(BookUpdate(symbol, exchange_ns, is_snapshot, *sides, first, last), local_ns)


class Messages:
    """The messages of one symbol, also those that continue in the next batch of rows."""

    def __init__(self, symbol: str) -> None:
        self._symbol = symbol
        self._last: Message | None = None

    def feed(self, part: pa.RecordBatch) -> Iterator[Message]:
        """The messages that end within these rows."""
        for message in messages_of(self._symbol, part):
            if self._last is not None:
                joined = _joined(self._last, message)
                if joined is not None:
                    self._last = joined
                    continue
                yield self._last
            self._last = message

    def end(self) -> Iterator[Message]:
        """The last message, at the end of a file."""
        if self._last is not None:
            yield self._last
            self._last = None


def digests_of(part: pa.RecordBatch) -> list[Digest]:
    """The digests in rows of one symbol."""
    minutes = part.column("timestamp").cast(pa.int64()).to_pylist()
    rest = [part.column(name).to_pylist() for name in ("last_id", "bids", "asks", "digest")]
    return [Digest(*row) for row in zip(minutes, *rest, strict=True)]


def _joined(one: Message, more: Message) -> Message | None:
    """Both as one message; None if they are two messages."""
    first, second = one.update, more.update
    if not all(each.bids or each.asks for each in (first, second)):
        return None  # a snapshot without levels has no second row
    same = ("timestamp", "is_snapshot", "first_id", "last_id")
    if one.local_ns != more.local_ns or any(getattr(first, name) != getattr(second, name) for name in same):
        return None
    update = BookUpdate(
        first.symbol,
        first.timestamp,
        first.is_snapshot,
        [*first.bids, *second.bids],
        [*first.asks, *second.asks],
        first.first_id,
        first.last_id,
    )
    return Message(update, one.local_ns)


def _changes(column: pa.Array[Any]) -> pa.Array[Any]:
    one, after = column.slice(0, len(column) - 1), column.slice(1)
    changed: pa.Array[Any] = pc.fill_null(pc.not_equal(one, after), False)
    return changed


def _floats(column: pa.Array[Any]) -> list[float]:
    """The numbers of a column (anything where it is null), faster than `to_pylist`."""
    buffer = column.buffers()[1]
    if buffer is None:
        return []
    whole: Any = memoryview(buffer).cast("d")
    found: list[float] = whole[column.offset : column.offset + len(column)].tolist()
    return found
