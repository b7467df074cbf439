"""Turnover per day, exchange and symbol, with Polars: lazily, so that only the columns in question are read.

python daily_turnover.py LAKE
"""

import sys

import polars as pl


def main(lake: str) -> None:
    trades = pl.scan_parquet(f"{lake}/trades/**/*.parquet", hive_partitioning=True)
    turnover = (
        trades.group_by("date", "exchange", "symbol")
        .agg(pl.len().alias("trades"), (pl.col("price") * pl.col("amount")).sum().alias("turnover"))
        .sort("date", "exchange", "symbol")
        .collect()
    )
    for date, exchange, symbol, count, total in turnover.iter_rows():
        print(date, exchange, symbol, count, f"{total:.2f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
