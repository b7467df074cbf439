"""Writes the files of a merged channel as normalize writes a table, and uploads them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa

from ...storage.target import Outcome, Target
from ...store.layout import Partition, SegmentId, TableFile
from ...tables.parquet import TableWriter
from ...tables.registry import TABLES

__all__ = ["ChannelWriter"]


class ChannelWriter:
    """Writes one channel's files, all with one ``number``, by way of a file at ``aside``, and counts them."""

    def __init__(self, exchange: str, channel: str, number: int, target: Target, aside: Path) -> None:
        self.files = self.unchanged = self.rows = 0
        self._segment = SegmentId(Partition(exchange, channel), number)
        self._target, self._aside = target, aside

    def write(self, table: str, date: str, parts: Iterable[pa.Table]) -> None:
        """Write one table of one day; nothing where no part has rows. Raises `TargetError`."""
        file = TableFile(table, date, self._segment)
        rows = 0
        with TableWriter(self._aside, TABLES[table], file.path.as_posix()) as writer:
            for part in parts:
                if part.num_rows:
                    rows += part.num_rows
                    writer.add(part.combine_chunks())
        if not rows:
            return
        receipt = self._target.put(self._aside, file.path.as_posix())
        self.files += 1
        self.unchanged += receipt.outcome is Outcome.UNCHANGED
        self.rows += rows
