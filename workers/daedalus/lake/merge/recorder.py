"""What one of the two recorders has of a channel: its rows, its ledger, and from when to when it recorded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute

from ...tables.gaps import Gap
from ...tables.registry import TABLES
from ..books.messages import digests_of
from ..channels import IdScheme
from ..gap_rows import gaps_of, latest
from ..reader import Lake, LakeFile
from ..row_evidence import Evidence, by_symbol
from ..spans import union
from .ledger import Life, off_times
from .rows import Side

pc: Any = pyarrow.compute

__all__ = ["Recorder"]


class Recorder:
    """One recorder's files of a channel. ``main`` is the channel's own table.

    ``gaps`` are its ledger, the latest row of each gap, and ``lives`` what it recorded, both by symbol.
    All files are read whole once, so that no altered row is merged. Raises `DamagedFileError`, `TargetError`.
    """

    def __init__(self, lake: Lake, files: Sequence[LakeFile], main: str, scheme: IdScheme) -> None:
        self.files = files
        self._lake, self._main, self._scheme = lake, main, scheme
        self.gaps = self._read_ledger()
        self.lives = self._read_lives()

    def side(self, table: str, date: str, symbol: str | None) -> Side:
        """The rows of a table and day, of one symbol (None: the table has none)."""
        batches = [
            batch for file in self._of(table, date) for batch in self._lake.batches(file, symbol=symbol)
        ]
        off = off_times(self.gaps.get(symbol or "", ()), self.lives.get(symbol or ""))
        return Side(pa.Table.from_batches(batches, TABLES[table].schema), off)

    def symbols(self, table: str, date: str) -> set[str]:
        """The symbols with rows in a table on a day."""
        found: set[str] = set()
        for file in self._of(table, date):
            for batch in self._lake.batches(file, ["symbol"]):
                found.update(pc.unique(batch.column("symbol")).to_pylist())
        return found

    def digested(self) -> set[tuple[str, int]]:
        """The symbols and minutes (UTC ns) with a digest of this recorder."""
        return {
            (symbol, digest.minute_ns)
            for file in self.files
            if file.table == "book_digests"
            for batch in self._lake.batches(file)
            for symbol, part in by_symbol(batch)
            for digest in digests_of(part)
        }

    def _of(self, table: str, date: str) -> list[LakeFile]:
        return [file for file in self.files if (file.table, file.date) == (table, date)]

    def _read_ledger(self) -> dict[str, list[Gap]]:
        gaps = [
            gap
            for file in self.files
            if file.table == "gaps"
            for batch in self._lake.batches(file)
            for gap in gaps_of(batch)
        ]
        found: dict[str, list[Gap]] = {}
        for gap in latest(gaps):
            found.setdefault(gap.symbol, []).append(gap)
        return found

    def _read_lives(self) -> dict[str, Life]:
        lives: dict[str, Life] = {}
        for file in self.files:
            for batch in self._lake.checked(file):
                if file.table == self._main and file.table != "connections":
                    for symbol, part in by_symbol(batch):
                        lives[symbol] = self._widened(lives.get(symbol), part)
        return lives

    def _widened(self, life: Life | None, part: pa.RecordBatch) -> Life:
        times = pc.min_max(part.column("local_timestamp").cast(pa.int64()))
        first_ns, last_ns = times["min"].as_py(), times["max"].as_py()
        first_id: int | None = None
        last_id: int | None = None
        if self._scheme in (IdScheme.CONSECUTIVE, IdScheme.SPARSE):
            found = Evidence()
            found.add(self._main, self._scheme, part)
            spans = union(found.spans)[0]
            if spans:
                first_id, last_id = spans[0][0], spans[-1][1]
        elif self._scheme in (IdScheme.BOOK, IdScheme.CHAIN):
            updates = part.filter(pc.invert(part.column("is_snapshot")))
            first_id = pc.min(updates.column("first_id")).as_py()
            last_id = pc.max(updates.column("last_id")).as_py()
        if life is None:
            return Life(first_ns, last_ns, first_id, last_id)
        return Life(
            min(life.first_ns, first_ns),
            max(life.last_ns, last_ns),
            min((each for each in (life.first_id, first_id) if each is not None), default=None),
            max((each for each in (life.last_id, last_id) if each is not None), default=None),
        )
