"""Merges one channel of two recorders: its rows day by day and symbol by symbol, its ledger, its digests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute

from ...exchanges.model import Proof
from ...tables.columns import gap_batch
from ...tables.gaps import Gap
from ...tables.registry import TABLES
from ..channels import SIDE_TABLES, IdScheme, channel_of, id_scheme
from ..days import day_of
from ..gap_rows import encloses_nothing
from ..reader import Lake, LakeFile
from ..row_evidence import Evidence
from ..spans import Span, between
from .books import MergedBooks
from .ledger import join_ledgers
from .recorder import Recorder
from .rows import Side, merge_rows
from .writer import ChannelWriter

pc: Any = pyarrow.compute

__all__ = ["merge_channel"]

_DERIVED = ("gaps", "book_digests")


def merge_channel(
    exchange: str,
    channel: str,
    lakes: tuple[Lake, Lake],
    files: tuple[Sequence[LakeFile], Sequence[LakeFile]],
    writer: ChannelWriter,
) -> tuple[Gap, ...]:
    """Write one channel of both lakes; its ledger. Raises `DamagedFileError` and `TargetError`.

    ``files`` are those of each lake. One day of one symbol is in memory at a time.
    """
    return _ChannelMerge(exchange, channel, lakes, files, writer).run()


class _ChannelMerge:
    def __init__(
        self,
        exchange: str,
        channel: str,
        lakes: tuple[Lake, Lake],
        files: tuple[Sequence[LakeFile], Sequence[LakeFile]],
        writer: ChannelWriter,
    ) -> None:
        self._channel, self._writer = channel, writer
        spec = channel_of(exchange, channel)
        self._tables = {file.table for side in files for file in side}
        self._main = spec.table or min(self._tables - {"connections", *_DERIVED}, default="")
        self._scheme = id_scheme(exchange, channel)
        self._recorders = [
            Recorder(lake, side, self._main, self._scheme) for lake, side in zip(lakes, files, strict=True)
        ]
        self._streamed = spec.snapshot == "stream"
        self._found: dict[str, Evidence] = {}
        digested = None
        if spec.proof is Proof.CHECKSUM:
            digested = self._recorders[0].digested() | self._recorders[1].digested()
        self._books = MergedBooks(exchange, channel, digested) if self._main == "book_updates" else None

    def run(self) -> tuple[Gap, ...]:
        # Consecutive ids of the merged rows tell what both missed; else the two ledgers alone do.
        by_ids = self._scheme is IdScheme.CONSECUTIVE
        ledger = {} if by_ids else self._ledger()
        if self._books is not None:
            for symbol, gaps in ledger.items():
                self._books.expect_gaps(symbol, gaps)
        for table in sorted(self._tables - set(_DERIVED)):
            files = (file for each in self._recorders for file in each.files if file.table == table)
            for date in sorted({file.date for file in files}):
                self._writer.write(table, date, self._rows(table, date))
        if by_ids:
            ledger = self._ledger()
        for date, digests in self._books.digests() if self._books is not None else ():
            self._writer.write("book_digests", date, iter([digests]))
        joined = tuple(gap for of_symbol in ledger.values() for gap in of_symbol)
        self._write_ledger(joined)
        return joined

    # Rows

    def _rows(self, table: str, date: str) -> Iterator[pa.Table]:
        symbols: list[str | None] = [None]
        if "symbol" in TABLES[table].schema.names:
            symbols = [*sorted({name for each in self._recorders for name in each.symbols(table, date)})]
        for symbol in symbols:
            sides = [each.side(table, date, symbol) for each in self._in_order(symbol or "")]
            scheme = self._scheme if table == self._main else IdScheme.NONE
            rows = merge_rows(table, scheme, *sides, anew=self._ids_start_anew(table, symbol or "", sides))
            if table == self._main and rows.num_rows and symbol is not None:
                self._follow(symbol, rows)
            yield rows

    def _in_order(self, symbol: str) -> list[Recorder]:
        """The recorder that was there first is followed, on every day, whichever lake is named first."""

        def first(recorder: Recorder) -> tuple[int, int, int]:
            life = recorder.lives.get(symbol)
            return (1, 0, 0) if life is None else (0, life.first_ns, -life.last_ns)

        return sorted(self._recorders, key=first)

    def _ids_start_anew(self, table: str, symbol: str, sides: Sequence[Side]) -> bool:
        """Whether the exchange's ids start anew within these rows, so that they do not order them."""
        if any(encloses_nothing(gap) for each in self._recorders for gap in each.gaps.get(symbol, ())):
            return True
        if table != "book_updates" or not self._streamed:
            return False
        for side in sides:
            ids = side.rows["last_id"].combine_chunks()
            ids = ids.chunk(0) if isinstance(ids, pa.ChunkedArray) and ids.num_chunks else ids
            if len(ids) > 1:
                falls = pc.less(ids.slice(1), ids.slice(0, len(ids) - 1))
                if pc.any(pc.fill_null(falls, False)).as_py():
                    return True
        return False

    def _follow(self, symbol: str, rows: pa.Table) -> None:
        """Take note of the merged ids, and of the book they make."""
        if self._scheme in (IdScheme.CONSECUTIVE, IdScheme.SPARSE):
            found = self._found.setdefault(symbol, Evidence())
            for batch in rows.combine_chunks().to_batches():
                found.add(self._main, self._scheme, batch)
            found.compacted()
        if self._books is not None:
            self._books.follow(symbol, rows)

    # Ledger

    def _ledger(self) -> dict[str, list[Gap]]:
        """What both recorders missed, by symbol; of consecutive ids what the merged rows lack of it."""
        symbols = {symbol for each in self._recorders for symbol in each.gaps.keys() | each.lives.keys()}
        return {symbol: self._gaps(symbol) for symbol in sorted(symbols)}

    def _gaps(self, symbol: str) -> list[Gap]:
        lacking: list[Span] | None = None
        if self._scheme is IdScheme.CONSECUTIVE and symbol in self._found:
            lacking = between(self._found[symbol].spans)
        one, other = (each.gaps.get(symbol, []) for each in self._recorders)
        # Lists that are requested once a day have no times without a recorder.
        lives = [None if self._main in SIDE_TABLES else each.lives.get(symbol) for each in self._recorders]
        return [
            msgspec.structs.replace(gap, channel=self._channel, symbol=symbol)
            for gap in join_ledgers(one, other, lives, lacking)
        ]

    def _write_ledger(self, gaps: Sequence[Gap]) -> None:
        by_date: dict[str, list[Gap]] = {}
        for gap in gaps:
            by_date.setdefault(day_of(gap.from_timestamp), []).append(gap)
        for date, of_day in sorted(by_date.items()):
            of_day.sort(key=lambda gap: (gap.channel, gap.symbol, gap.from_timestamp, gap.from_id or 0))
            self._writer.write("gaps", date, iter([pa.Table.from_batches([gap_batch(of_day)])]))
