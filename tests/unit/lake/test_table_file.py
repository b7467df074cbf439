"""A lake of an earlier version stays readable: its columns are those of now, null where it had none."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from support.lake_workbench import Recording, audited, files

from daedalus.lake import book_at
from daedalus.lake.table_file import conform, fits
from daedalus.tables.registry import TABLES

NOW = TABLES["liquidations"].schema
BEFORE = pa.schema([field for field in NOW if field.name != "average_price"])


def test_a_missing_column_that_may_be_null_is_null() -> None:
    assert fits(BEFORE, NOW)
    old = pa.RecordBatch.from_pylist(
        [
            {
                "symbol": "A",
                "timestamp": 1000,
                "local_timestamp": 2000,
                "side": "buy",
                "price": 3.0,
                "amount": 4.0,
            }
        ],
        BEFORE,
    )
    batch = conform(old, NOW, None)
    assert batch.schema.equals(NOW)
    assert batch.to_pylist()[0] == old.to_pylist()[0] | {"average_price": None}
    assert conform(old, NOW, ["price", "average_price"]).to_pylist() == [
        {"price": 3.0, "average_price": None}
    ]


def test_columns_that_were_never_the_tables_do_not_fit() -> None:
    assert not fits(pa.schema([field for field in NOW if field.name != "price"]), NOW)
    assert not fits(BEFORE.append(pa.field("another", pa.int64())), NOW)
    assert not fits(pa.schema([field.with_type(pa.string()) for field in NOW]), NOW)
    assert not fits(pa.schema([field.with_nullable(True) for field in NOW]), NOW)


def test_books_of_a_version_in_which_a_level_had_to_be_there_are_read(tmp_path: Path) -> None:
    recording = Recording(tmp_path)
    recording.opened(0, ["depth"])
    recording.depth(1, 1, 1)
    recording.snapshot(1.5, 1)
    recording.depths(2, 80, 2)
    lake = recording.seal()
    for path in files(lake, "book_updates"):
        table = pq.read_table(path, partitioning=None)
        strict = pa.schema([field.with_nullable(field.name.endswith("_id")) for field in table.schema])
        pq.write_table(table.cast(strict), path, write_page_checksum=True, compression="zstd")
        assert not pq.read_schema(path).equals(TABLES["book_updates"].schema)
    for path in files(lake, "book_digests"):  # nor did any file say which rows were written into it
        pq.write_table(pq.read_table(path, partitioning=None), path, write_page_checksum=True)
    assert book_at(lake, "binance", "A", "2026-09-22T00:01:10").verified_ns is not None
    assert not audited(lake).findings
