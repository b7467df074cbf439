"""The checksum of a file's rows: the same for the same rows, another for any other."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from daedalus.tables.content import Claim, Content
from daedalus.tables.parquet import TableWriter
from daedalus.tables.registry import TABLES

SCHEMA = pa.schema(
    [
        pa.field("text", pa.string()),
        pa.field("flag", pa.bool_()),
        pa.field("number", pa.float64()),
        pa.field("whole", pa.int64(), nullable=False),
        pa.field("time", pa.timestamp("ns", tz="UTC")),
    ]
)
LINE = st.tuples(
    st.none() | st.text(max_size=3),
    st.none() | st.booleans(),
    st.none() | st.floats(allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.none() | st.integers(0, 2**62),
)


def table(lines: list[tuple[Any, ...]]) -> pa.Table:
    columns = [pa.array([line[at] for line in lines], field.type) for at, field in enumerate(SCHEMA)]
    return pa.table(columns, schema=SCHEMA)


def sums(*pieces: pa.Table) -> Claim:
    content = Content()
    for piece in pieces:
        content.take(piece)
    return content.claim("key")


@given(st.lists(LINE, max_size=20), st.integers(0, 20))
def test_it_does_not_depend_on_how_rows_are_cut(lines: list[tuple[Any, ...]], at: int) -> None:
    whole = table(lines)
    assert sums(whole) == sums(whole.slice(0, at), whole.slice(at))
    assert sums(whole) == sums(table([(None, None, None, 0, None), *lines]).slice(1))


@given(st.lists(LINE, min_size=1, max_size=8), st.integers(0, 7), LINE)
def test_another_value_anywhere_gives_another_one(
    lines: list[tuple[Any, ...]], at: int, other: tuple[Any, ...]
) -> None:
    at %= len(lines)
    changed = [*lines[:at], other, *lines[at + 1 :]]
    # repr: -0.0 and 0.0 are two values
    assert (sums(table(lines)) == sums(table(changed))) is (repr(lines) == repr(changed))


def test_texts_that_move_a_border_are_others() -> None:
    one = table([("ab", None, None, 1, None), ("c", None, None, 1, None)])
    other = table([("a", None, None, 1, None), ("bc", None, None, 1, None)])
    assert sums(one).columns["text"] != sums(other).columns["text"]


def test_a_file_says_in_its_footer_which_rows_it_has_and_for_which_place(tmp_path: Path) -> None:
    schema = TABLES["quotes"].schema
    chance = random.Random(1)
    columns = [
        pa.array([chance.choice(["A", "B"]) for _ in range(1000)])
        if field.name == "symbol"
        else pa.array([chance.randrange(10**6) for _ in range(1000)], pa.int64()).cast(field.type)
        for field in schema
    ]
    key = "quotes/exchange=binance/date=2026-09-22/bookTicker-1700000000000000000.parquet"
    with TableWriter(tmp_path / "file", TABLES["quotes"], key) as writer:
        writer.add(pa.table(columns, schema=schema))
    read = pq.ParquetFile(tmp_path / "file")
    content = Content()
    for batch in read.iter_batches(77):
        content.take(batch)
    assert Claim.of(read.metadata.metadata) == content.claim(key)
