"""Sealing: an active file becomes a Parquet file in ``raw/ready/``, and only then goes away.

The order of the steps is the promise: damaged bytes are set aside, the Parquet file is made durable and gets
its name, the active file is removed. Each step can be repeated with the same outcome, so an interrupted seal
is simply done again: nothing is lost and nothing is there twice. Where bytes were damaged, or the whole file
is gone, the sealed file says so in its footer, for the ledger.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct

from .files import PRIVATE_MODE, fsync_directory, make_directories, publish
from .ipc_log import Damaged, read_bytes, scan
from .layout import READY, Layout, SegmentId
from .raw import DAMAGE, RAW_SCHEMA
from .regular_files import create, open_descriptor

__all__ = ["SealCancelled", "Sealed", "remove_unfinished", "seal"]

ROW_GROUP_ROWS = 64 * 1024
ROW_GROUP_BYTES = 8 * 1024 * 1024  # uncompressed; sealing takes 32 MB of memory, twice this size 70 MB
PAGE_BYTES = 1024 * 1024  # zstd starts anew with each page: small ones compress badly
ZSTD_LEVEL = 1  # on market data smaller than 2 to 4; 6 saves 5-11 % for three times the CPU

log = logging.getLogger(__name__)

_COPY_BLOCK = 4096  # a failing medium loses whole blocks


class Sealed(Struct, frozen=True):
    """What became of an active file. ``rows`` is 0 if it held none, was gone, or had been sealed before.

    ``newest_ns``: the largest recv_ns, UTC ns. ``damaged``: the files in ``raw/damaged/`` with bytes that are
    no whole batch. ``gone``: the active file was deleted before.
    """

    segment: SegmentId
    rows: int
    newest_ns: int | None
    damaged: tuple[Path, ...]
    gone: bool = False

    @property
    def leaves_a_file(self) -> bool:
        """Whether there are rows, or a note that rows were lost."""
        return bool(self.rows or self.damaged or self.gone)


class SealCancelled(Exception):  # noqa: N818 - not an error
    """Sealing was told to stop; the active file is as it was."""


def seal(layout: Layout, segment: SegmentId, *, cancelled: Callable[[], bool] = lambda: False) -> Sealed:
    """Seal an active file. Raises `OSError` (do it again later) and `SealCancelled`."""
    active = layout.active / segment.active_name
    sealed = Sealed(segment, 0, None, ())
    if not layout.states_of(segment):
        unfinished = active.with_suffix(".parquet")
        try:
            make_directories(layout.active)
            sealed = _convert(layout, segment, unfinished, cancelled)
            if sealed.leaves_a_file:
                publish(unfinished, layout.raw(READY) / segment.sealed_path)
        finally:
            with contextlib.suppress(OSError):  # its space is needed, above all on a full disk
                unfinished.unlink()
    active.unlink(missing_ok=True)
    fsync_directory(layout.active)
    return sealed


def remove_unfinished(layout: Layout, exchange: str) -> None:
    """Remove files of interrupted seals of the exchange; the active files still hold everything."""
    for ending in ("parquet", "tail"):
        for path in layout.active.glob(f"{exchange}.*.{ending}"):
            if path.is_symlink() or not path.is_dir():  # we make no such directory
                path.unlink()


def _convert(layout: Layout, segment: SegmentId, target: Path, cancelled: Callable[[], bool]) -> Sealed:
    rows, newest, damaged = 0, None, []
    try:
        descriptor = open_descriptor(layout.active / segment.active_name)
    except FileNotFoundError:
        log.error("%s was deleted before it could be sealed: its rows are lost", segment.active_name)
        with _RowGroups(target) as groups:
            groups.note_damage()
        return Sealed(segment, 0, None, (), gone=True)
    try:
        with _RowGroups(target) as groups:
            for found in scan(descriptor):
                if cancelled():
                    raise SealCancelled
                if isinstance(found, Damaged):
                    damaged.append(_set_aside(layout, segment, descriptor, found))
                    groups.note_damage()
                    continue
                groups.add(found.batch)
                rows += found.batch.num_rows
                top = pc.max(found.batch.column("recv_ns")).as_py()
                newest = top if newest is None else max(newest, top)
    finally:
        os.close(descriptor)
    return Sealed(segment, rows, newest, tuple(damaged))


def _set_aside(layout: Layout, segment: SegmentId, descriptor: int, damage: Damaged) -> Path:
    """Copy damaged bytes to ``raw/damaged/``; unreadable blocks become zeros."""
    kept = layout.damaged / f"{segment.active_name}.{damage.start}.tail"
    copy = layout.active / kept.name
    with open(create(copy, PRIVATE_MODE), "wb") as file:
        for offset in range(damage.start, damage.end, _COPY_BLOCK):
            size = min(_COPY_BLOCK, damage.end - offset)
            file.write(read_bytes(descriptor, offset, size).ljust(size, b"\0"))
    publish(copy, kept)
    return kept


class _RowGroups:
    """Writes batches to a Parquet file, gathered into row groups of bounded size."""

    def __init__(self, path: Path) -> None:
        # Created here for its mode: pyarrow would leave it to the umask.
        os.close(create(path, PRIVATE_MODE))
        self._writer = pq.ParquetWriter(
            path,
            RAW_SCHEMA,
            compression="zstd",
            compression_level=ZSTD_LEVEL,
            use_dictionary=["conn", "kind", "channel", "symbol"],  # type: ignore[arg-type]
            column_encoding={
                "recv_ns": "DELTA_BINARY_PACKED",
                "seq": "DELTA_BINARY_PACKED",
                "payload": "PLAIN",
            },
            data_page_size=PAGE_BYTES,
            write_statistics=[name for name in RAW_SCHEMA.names if name != "payload"],
            write_page_checksum=True,
        )
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0
        self._bytes = 0
        self._count = 0
        self._damage: list[int] = []

    def __enter__(self) -> _RowGroups:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._write()
                if self._damage:
                    self._writer.add_key_value_metadata({DAMAGE: json.dumps(self._damage)})
        finally:
            self._writer.close()

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; a row group ends with the batch that fills it."""
        self._batches.append(batch)
        self._rows += batch.num_rows
        self._count += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= ROW_GROUP_ROWS or self._bytes >= ROW_GROUP_BYTES:
            self._write()

    def note_damage(self) -> None:
        """Note that rows are lost here."""
        self._damage.append(self._count)

    def _write(self) -> None:
        if self._batches:
            table = pa.Table.from_batches(self._batches, RAW_SCHEMA)
            self._writer.write_table(table, row_group_size=table.num_rows)
        self._batches, self._rows, self._bytes = [], 0, 0
