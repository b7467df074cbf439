"""Rows become columns: of a book a line per level, and one line for a snapshot that has none."""

from __future__ import annotations

from daedalus.tables.book_updates import line_count
from daedalus.tables.columns import entry_batch
from daedalus.tables.entry import Entry
from daedalus.tables.rows import BookUpdate


def test_a_snapshot_without_levels_is_one_line_and_a_change_without_levels_none() -> None:
    rows = [
        BookUpdate("A", 1, True, [(1.0, 2.0)], [(3.0, 4.0)], 7, 7),
        BookUpdate("A", 2, True, [], [], 8, 8),
        BookUpdate("A", 3, False, [], [], 9, 9),
        BookUpdate("A", 4, False, [], [(3.0, 0.0)], 10, 10),
    ]
    assert [line_count(row) for row in rows] == [2, 1, 0, 1]
    lines = entry_batch("book_updates", "A", [Entry(0, row.timestamp or 0, 5, "stream", row) for row in rows])
    lines.validate(full=True)
    names = ["is_snapshot", "side", "price", "amount", "last_id"]
    assert [tuple(line[name] for name in names) for line in lines.select(names).to_pylist()] == [
        (True, "bid", 1.0, 2.0, 7),
        (True, "ask", 3.0, 4.0, 7),
        (True, None, None, None, 8),
        (False, "ask", 3.0, 0.0, 10),
    ]
