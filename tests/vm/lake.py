"""What has arrived in the surroundings' store, read as anybody would: S3 and Parquet alone.

python tests/vm/lake.py FOLDER        of the surroundings; prints the figures as JSON
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import s3fs

__all__ = ["Lake"]


class Lake:
    """The lake of one run, from the ``about`` of its surroundings."""

    def __init__(self, about: dict[str, Any]) -> None:
        s3 = about["s3"]
        self._root = f"{s3['bucket']}/vm"
        self._files = s3fs.S3FileSystem(
            key=s3["access_key"],
            secret=s3["secret_key"],
            endpoint_url=f"http://127.0.0.1:{s3['port']}",
            client_kwargs={"region_name": "us-east-1"},
            skip_instance_cache=True,
            use_listings_cache=False,
        )

    def paths(self, name: str) -> list[str]:
        """The files of a table, or of ``raw``."""
        return sorted(path for path in self._files.find(f"{self._root}/{name}") if path.endswith(".parquet"))

    def rows(self, name: str, exchange: str = "binance") -> list[dict[str, Any]]:
        """All rows of a table of one exchange; times as integers of ns. A file that cannot be read raises."""
        found: list[dict[str, Any]] = []
        for path in self.paths(name):
            if f"/exchange={exchange}/" not in path:
                continue
            with self._files.open(path, "rb") as file:
                table = pq.read_table(file)
            for index, field in enumerate(table.schema):
                if pa.types.is_timestamp(field.type):
                    table = table.set_column(index, field.name, table[field.name].cast(pa.int64()))
            found += table.to_pylist()
        return found

    def twice(self, name: str, exchange: str = "binance") -> int:
        """How many ids of trades are there more than once."""
        seen = Counter((row["symbol"], row["id"]) for row in self.rows(name, exchange))
        return sum(count - 1 for count in seen.values())


if __name__ == "__main__":
    lake = Lake(json.loads(Path(sys.argv[1], "surroundings.json").read_bytes()))
    figures = {
        exchange: {
            name: len(lake.rows(name, exchange)) for name in ("trades", "quotes", "book_updates", "raw")
        }
        | {"twice": lake.twice("trades", exchange), "gaps": lake.rows("gaps", exchange)}
        for exchange in ("binance", "coinbase_exchange")
    }
    print(json.dumps(figures))
