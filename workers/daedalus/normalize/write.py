"""Stage 6, write: each table of a segment becomes a Parquet file, published under its final name."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa

from ..store.files import publish
from ..store.layout import READY, SYNCED, Layout, SegmentId, TableFile
from ..store.regular_files import create
from ..tables.parquet import ROW_GROUP_LINES, TableWriter
from ..tables.registry import TABLES

__all__ = ["write_tables"]


def write_tables(
    layout: Layout,
    segment: SegmentId,
    files: list[tuple[str, str]],
    batches: Callable[[str, str], Iterator[pa.RecordBatch]],
    ask: Callable[[], None],
) -> None:
    """Write the files of a segment, given as (table, date), and publish them in ``tables/ready``.

    ``batches(table, date)`` are the content of a file in its order. ``ask`` is called every few thousand rows
    and may raise. A file that an earlier attempt at the same segment gave and this one does not becomes
    empty: readers may know it already.
    """
    found = [TableFile(table, date, segment) for table, date in files]
    for file in (*found, *_emptied(layout, segment, found)):
        aside = (
            layout.tables_active / f"{segment.partition.exchange}.{file.table}.{file.date}.{file.path.name}"
        )
        _write(aside, file, batches(file.table, file.date), ask)
        _publish(layout, aside, file)


def _emptied(layout: Layout, segment: SegmentId, files: list[TableFile]) -> list[TableFile]:
    if not layout.checkpoint(segment).exists():
        return []
    return [file for file in layout.table_files_of(segment) if file not in files]


def _write(path: Path, file: TableFile, batches: Iterator[pa.RecordBatch], ask: Callable[[], None]) -> None:
    os.close(create(path, 0o640))
    with TableWriter(path, TABLES[file.table], file.path.as_posix()) as writer:
        for group in _groups(TABLES[file.table].schema, batches, ask):
            writer.add(group)


def _groups(
    schema: pa.Schema, batches: Iterator[pa.RecordBatch], ask: Callable[[], None]
) -> Iterator[pa.Table]:
    """The lines in row groups of `ROW_GROUP_LINES`; the last one is smaller."""
    waiting: list[pa.RecordBatch] = []
    lines = 0
    for batch in batches:
        ask()
        while lines + batch.num_rows >= ROW_GROUP_LINES:
            rest = ROW_GROUP_LINES - lines
            yield pa.Table.from_batches([*waiting, batch.slice(0, rest)], schema).combine_chunks()
            waiting, lines = [], 0
            batch = batch.slice(rest)
        if batch.num_rows:
            waiting.append(batch)
            lines += batch.num_rows
    if lines:
        yield pa.Table.from_batches(waiting, schema).combine_chunks()


def _publish(layout: Layout, aside: Path, file: TableFile) -> None:
    """Put a finished file into ``ready``, unless the same bytes were uploaded from there before."""
    uploaded = layout.tables(SYNCED) / file.path
    if uploaded.is_file() and uploaded.read_bytes() == aside.read_bytes():
        aside.unlink()
        return
    publish(aside, layout.tables(READY) / file.path)
