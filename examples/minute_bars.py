"""One-minute bars of trades, by a DuckDB query over the lake's own files.

python minute_bars.py LAKE EXCHANGE SYMBOL DAY
"""

import sys

import duckdb

QUERY = """
SELECT date_trunc('minute', timestamp AT TIME ZONE 'UTC') AS minute,
       arg_min(price, (timestamp, id)) AS open, max(price) AS high, min(price) AS low,
       arg_max(price, (timestamp, id)) AS close, sum(amount) AS volume, count(*) AS trades
FROM read_parquet($files, hive_partitioning = true)
WHERE exchange = $exchange AND symbol = $symbol AND date = $day::DATE
GROUP BY ALL ORDER BY minute
"""


def main(lake: str, exchange: str, symbol: str, day: str) -> None:
    asked = {"files": f"{lake}/trades/**/*.parquet", "exchange": exchange, "symbol": symbol, "day": day}
    for minute, *values in duckdb.execute(QUERY, asked).fetchall():
        print(f"{minute:%Y-%m-%d %H:%M}", *values)


if __name__ == "__main__":
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    main(*sys.argv[1:])
