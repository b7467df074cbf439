"""Messages of a book as they come out of the table, also those that say that it is empty."""

from __future__ import annotations

import itertools

import pyarrow as pa
import pytest

from daedalus.lake.books.messages import Messages
from daedalus.tables.columns import entry_batch
from daedalus.tables.entry import Entry
from daedalus.tables.rows import BookUpdate

LEVELS = ((1.0, 2.0), (0.5, 1.0)), ((3.0, 4.0),)


def written(*told: tuple[int, BookUpdate]) -> pa.RecordBatch:
    return entry_batch("book_updates", "A", [Entry(0, at, at, "stream", update) for at, update in told])


def snapshot(*, empty: bool, last: int | None = None) -> BookUpdate:
    bids, asks = ((), ()) if empty else LEVELS
    return BookUpdate("A", None, True, bids, asks, last, last)


def read(*parts: pa.RecordBatch) -> list[tuple[int, int]]:
    messages = Messages("A")
    found = [message for part in parts if part.num_rows for message in messages.feed(part)]
    found += messages.end()
    return [(len(message.update.bids), len(message.update.asks)) for message in found]


@pytest.mark.parametrize("pattern", list(itertools.product([True, False], repeat=4)))
@pytest.mark.parametrize("cut", range(1, 8))
def test_an_empty_snapshot_is_a_message_of_its_own_wherever_it_stands(
    pattern: tuple[bool, ...], cut: int
) -> None:
    rows = written(*((at, snapshot(empty=empty)) for at, empty in enumerate(pattern)))
    expected = [(0, 0) if empty else (2, 1) for empty in pattern]
    assert read(rows) == expected
    assert read(rows.slice(0, cut), rows.slice(min(cut, rows.num_rows))) == expected


def test_of_the_same_moment_it_does_not_melt_into_its_neighbours() -> None:
    rows = written((7, snapshot(empty=False)), (7, snapshot(empty=True)), (7, snapshot(empty=True)))
    assert read(rows) == [(2, 1), (0, 0), (0, 0)]
    assert read(rows.slice(0, 3), rows.slice(3)) == [(2, 1), (0, 0), (0, 0)]
    assert read(rows.slice(0, 4), rows.slice(4)) == [(2, 1), (0, 0), (0, 0)]
