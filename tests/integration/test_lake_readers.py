"""What reads the lake: DuckDB, Polars and pyarrow give the same answers, from a directory and from S3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
import s3fs
from support.backlog import HOUR_NS, START_NS, segment
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from daedalus.store.layout import READY, Layout, TableFile
from daedalus.sync import SyncSettings, sync_once

pytestmark = pytest.mark.integration

TIME = pa.timestamp("ns", tz="UTC")
TIMES = [("symbol", pa.string()), ("timestamp", TIME), ("local_timestamp", TIME)]
SCHEMAS = {
    "trades": pa.schema(
        [
            *TIMES,
            ("id", pa.string()),
            ("side", pa.string()),
            ("price", pa.float64()),
            ("amount", pa.float64()),
            ("source", pa.string()),
        ]
    ),
    "quotes": pa.schema(
        [
            *TIMES,
            ("ask_amount", pa.float64()),
            ("ask_price", pa.float64()),
            ("bid_price", pa.float64()),
            ("bid_amount", pa.float64()),
            ("last_id", pa.int64()),
        ]
    ),
}
DATES = ("2026-11-23", "2026-11-24")
EXCHANGES = ("binance", "coinbase_exchange")
ROWS = 40
Answer = list[tuple[str, str, int, float]]
"""Per exchange and date: the number of rows and a sum over them."""


def value(name: str, kind: pa.DataType, row: int) -> object:
    if kind == TIME:
        return START_NS + row * HOUR_NS // ROWS + (7 if name == "local_timestamp" else 0)
    if kind == pa.float64():
        return row * 0.25
    if kind == pa.int64():
        return row if row % 3 else None
    return {"symbol": "BTCUSDT", "side": "buy", "source": "stream"}.get(name, str(row))


def write_tables(layout: Layout) -> None:
    """Two files for each table, exchange and date, with the columns that the lake promises."""
    for table, schema in SCHEMAS.items():
        for exchange in EXCHANGES:
            for day, date in enumerate(DATES):
                for hour in range(2):
                    file = TableFile(table, date, segment(24 * day + hour, exchange=exchange))
                    rows = range(day, ROWS + hour)
                    columns = [pa.array([value(f.name, f.type, r) for r in rows], f.type) for f in schema]
                    path = layout.tables(READY) / file.path
                    path.parent.mkdir(parents=True, exist_ok=True)
                    pq.write_table(pa.table(columns, schema=schema), path, compression="zstd")


@pytest.fixture(params=["file", "s3"])
def lake(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, dict[str, Any]]:
    """A lake as sync leaves it: its URL, and what s3fs needs to reach it ({}: a directory)."""
    layout = Layout(tmp_path / "data")
    write_tables(layout)
    if request.param == "file":
        settings, options = SyncSettings(target=str(tmp_path / "lake")), {}
    else:
        server: S3Server = request.getfixturevalue("s3_server")
        bucket = request.getfixturevalue("bucket")
        options = server.storage_options()
        settings = SyncSettings(
            target=f"s3://{bucket}/lake",
            endpoint_url=server.endpoint_url,
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            region="us-east-1",
        )
    report = sync_once(layout, settings)
    assert (report.failures, report.uploaded_files) == (0, 16)
    return settings.target, options


def filesystem(options: dict[str, Any]) -> Any:
    if not options:
        return None
    return s3fs.S3FileSystem(**options, skip_instance_cache=True)


def by_duckdb(url: str, options: dict[str, Any], table: str, column: str) -> Answer:
    with duckdb.connect() as connection:
        if options:
            connection.register_filesystem(filesystem(options))
        query = (
            f"select exchange, cast(date as varchar), count(*), sum({column}) "
            f"from read_parquet('{url}/{table}/**/*.parquet', hive_partitioning = true) "
            "group by all order by all"
        )
        return connection.execute(query).fetchall()


def by_polars(url: str, options: dict[str, Any], table: str, column: str) -> Answer:
    names = {
        "key": "aws_access_key_id",
        "secret": "aws_secret_access_key",
        "endpoint_url": "aws_endpoint_url",
    }
    storage = {names[name]: text for name, text in options.items() if name in names}
    if storage:
        storage |= {"aws_region": "us-east-1", "aws_allow_http": "true"}
    frame = pl.scan_parquet(
        f"{url}/{table}/**/*.parquet", hive_partitioning=True, storage_options=storage or None
    )
    grouped = frame.group_by("exchange", pl.col("date").cast(pl.String)).agg(pl.len(), pl.col(column).sum())
    return grouped.sort("exchange", "date").collect().rows()


def by_pyarrow(url: str, options: dict[str, Any], table: str, column: str) -> Answer:
    place = url.removeprefix("s3://")
    found = ds.dataset(f"{place}/{table}", partitioning="hive", filesystem=filesystem(options)).to_table()
    grouped = found.group_by(["exchange", "date"]).aggregate([([], "count_all"), (column, "sum")])
    columns = [grouped[name].to_pylist() for name in ("exchange", "date", "count_all", f"{column}_sum")]
    return sorted(zip(*columns, strict=True))


READERS = {"duckdb": by_duckdb, "polars": by_polars, "pyarrow": by_pyarrow}


def expected(column_per_row: Callable[[int], float]) -> Answer:
    per_day = [[r for hour in range(2) for r in range(day, ROWS + hour)] for day in range(len(DATES))]
    return [
        (exchange, date, len(per_day[day]), sum(map(column_per_row, per_day[day])))
        for exchange in EXCHANGES
        for day, date in enumerate(DATES)
    ]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize(("table", "column"), [("trades", "amount"), ("quotes", "bid_price")])
def test_every_reader_finds_the_same_rows_under_exchange_and_date(
    lake: tuple[str, dict[str, Any]], reader: str, table: str, column: str
) -> None:
    url, options = lake
    assert READERS[reader](url, options, table, column) == expected(lambda row: row * 0.25)


def test_times_stay_nanoseconds_in_utc_and_a_day_is_found_by_its_directory(
    lake: tuple[str, dict[str, Any]],
) -> None:
    url, options = lake
    place = url.removeprefix("s3://")
    found = ds.dataset(f"{place}/trades", partitioning="hive", filesystem=filesystem(options))
    assert found.schema.field("timestamp").type == TIME
    assert {"exchange", "date"} <= set(found.schema.names)
    one_day = found.to_table(filter=(pc.field("date") == DATES[0]) & (pc.field("exchange") == "binance"))
    assert one_day.num_rows == 2 * ROWS + 1
    lag = pc.subtract(one_day["local_timestamp"].cast(pa.int64()), one_day["timestamp"].cast(pa.int64()))
    assert pc.unique(lag).to_pylist() == [7]
