"""The form of a table's file: encodings, compression, checksums."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from .content import CLAIM, Content
from .table import Table

__all__ = ["ROW_GROUP_LINES", "TableWriter"]

ROW_GROUP_LINES = 250_000  # 100,000 take 2 % more, 500,000 save nothing more
ZSTD_LEVEL = 6  # 3 is half as long and 5 % larger, 9 a third longer and 1 % smaller


class TableWriter(pq.ParquetWriter):
    """Writes the file of a table, with the checksum of its rows in the footer (`daedalus.tables.content`).

    ``path``: where it is written. ``key``: its path below the root of a lake. For the encodings see
    `daedalus.tables.table.Encoding`.
    """

    def __init__(self, path: Path, table: Table, key: str) -> None:
        encodings = dict.fromkeys(table.encoded("delta"), "DELTA_BINARY_PACKED")
        encodings |= dict.fromkeys(table.encoded("prefix"), "DELTA_BYTE_ARRAY")
        super().__init__(
            path,
            table.schema,
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            use_dictionary=table.encoded("dictionary"),  # type: ignore[arg-type]
            column_encoding=encodings,
            write_page_checksum=True,
        )
        self._key = key
        self._content = Content()

    def add(self, rows: pa.Table) -> None:
        """Write rows, in row groups of `ROW_GROUP_LINES`."""
        self._content.take(rows)
        self.write_table(rows, row_group_size=ROW_GROUP_LINES)

    def close(self) -> None:
        if self.is_open:
            self.add_key_value_metadata({CLAIM: self._content.claim(self._key).encode().decode()})
        super().close()
