from __future__ import annotations

import io

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from daedalus.exchanges.rows import Trade
from daedalus.normalize.columns import Entry
from daedalus.normalize.ordering import Bucket, Ordering


@given(
    entries=st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 1), st.integers(0, 30)), max_size=60),
    limit=st.integers(1, 20),
)
def test_however_small_the_memory_the_order_is_that_of_a_stable_sort(
    entries: list[tuple[str, int, int]], limit: int
) -> None:
    ordering = Ordering(io.BytesIO(), lines_in_memory=limit)
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
