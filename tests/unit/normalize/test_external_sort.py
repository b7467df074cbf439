from __future__ import annotations

import io
import time

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daedalus.normalize import external_sort as module
from daedalus.normalize.external_sort import Bucket, ExternalSort
from daedalus.tables.entry import Entry
from daedalus.tables.rows import BookUpdate, Trade


@given(
    entries=st.lists(st.tuples(st.sampled_from("ABCD"), st.integers(0, 1), st.integers(0, 30)), max_size=60),
    limit=st.integers(1, 20),
    together=st.integers(1, 20),
)
def test_however_small_the_memory_the_order_is_that_of_a_stable_sort(
    entries: list[tuple[str, int, int]], limit: int, together: int
) -> None:
    module._PACK_LINES = together
    ordering = ExternalSort(io.BytesIO(), lines_in_memory=limit)
    for at, (symbol, era, key) in enumerate(entries):
        row = Trade(symbol, at, str(at), "buy", 1.0, 1.0)
        ordering.add(Bucket("trades", "2026-09-21", symbol, era), Entry(key, at, at, "stream", row))
    expected = [at for _, at in sorted((entry, at) for at, entry in enumerate(entries))]
    found: list[int] = []
    for table, date in ordering.files():
        for batch in ordering.batches(table, date):
            found += [int(value) for value in batch.column("id").to_pylist()]
            assert batch.schema.equals(pa.schema(list(batch.schema)))
    assert found == expected


@pytest.fixture(autouse=True)
def lines_of_a_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACK_LINES", module._PACK_LINES)  # put back after each test


def test_a_message_of_very_many_levels_is_kept_whole_and_in_order_in_several_runs() -> None:
    ordering = ExternalSort(io.BytesIO(), lines_in_memory=10)
    bids = [(float(price), 1.0) for price in range(95)]
    asks = [(float(price), 2.0) for price in range(100, 137)]
    for key, is_snapshot in ((5, True), (3, False)):
        update = BookUpdate("A", 1, is_snapshot, bids, asks, key, key)
        ordering.add(Bucket("book_updates", "2026-09-21", "A"), Entry(key, 1, 2, "stream", update))
    batches = ordering.batches("book_updates", "2026-09-21")
    names = ["last_id", "side", "price", "amount"]
    rows = [row for part in batches for row in part.select(names).to_pylist()]
    assert [row["last_id"] for row in rows] == [3] * 132 + [5] * 132
    for message in (rows[:132], rows[132:]):
        assert [(row["side"], row["price"], row["amount"]) for row in message] == [
            *(("bid", price, amount) for price, amount in bids),
            *(("ask", price, amount) for price, amount in asks),
        ]


def test_many_symbols_cost_in_proportion_to_their_number() -> None:
    def seconds(symbols: int) -> float:
        begin = time.process_time()
        ordering = ExternalSort(io.BytesIO())
        for number in range(symbols):
            row = Trade(f"S{number}", 1, "7", "buy", 1.0, 1.0)
            ordering.add(Bucket("trades", "2026-09-21", row.symbol), Entry(1, 1, 1, "stream", row))
        found = sum(part.num_rows for part in ordering.batches("trades", "2026-09-21"))
        assert found == symbols
        return time.process_time() - begin

    few = max(0.05, seconds(2_000))
    assert seconds(20_000) < 40 * few  # ten times as many
