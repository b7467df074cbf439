from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq

from daedalus.normalize import run_normalize
from daedalus.store.layout import READY, Layout

HOUR = 3_600_000_000_000
FIRST = 1_790_000_000_000_000_000


def test_what_was_set_aside_is_taken_in_again_and_the_ledger_says_what_is_true_then(
    layout: Layout, trades: Any, tape: Any
) -> None:
    for hour, numbers in enumerate([[1, 2], [3, 4], [5, 6]]):
        trades(numbers).seal(layout, FIRST + hour * HOUR)
    path = layout.raw(READY) / layout.raw_segments(READY)[1].sealed_path
    whole = path.read_bytes()
    path.write_bytes(b"no Parquet")
    assert run_normalize(layout, once=True).gaps == 1
    (aside,) = layout.damaged_segments()

    assert run_normalize(layout, once=True, retry_damaged=True).damaged == 1
    (layout.damaged / aside.damaged_name).write_bytes(whole)
    progress = run_normalize(layout, once=True, retry_damaged=True)
    assert (progress.segments, progress.damaged, progress.gaps) == (2, 0, 0)
    rows = {
        table: [
            row
            for path in sorted((layout.tables(READY) / table).rglob("*.parquet"))
            for row in pq.read_table(path, partitioning=None).to_pylist()
        ]
        for table in ("trades", "gaps")
    }
    assert [row["id"] for row in rows["trades"]] == ["1", "2", "3", "4", "5", "6"]
    assert rows["gaps"] == []  # its file is there still, as readers and the lake may have it
