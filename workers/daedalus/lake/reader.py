"""A lake: which files it has, and their rows, read with all checksums compared.

A lake is one folder (`sync.target`), or a data directory, whose tables lie in two folders (ready, synced).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from msgspec import Struct

from ..storage import Reader, StorageSettings, TargetError, TargetErrorKind, open_reader
from ..storage.errors import from_os_error
from ..store.lake_place import local_path
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, SegmentId, TableFile
from ..tables.content import Content
from ..tables.registry import TABLES
from .table_file import (
    AlteredFileError,
    DamagedFileError,
    conform,
    fits,
    has_symbol,
    read_row_group,
    verify_rows,
)

__all__ = ["AlteredFileError", "DamagedFileError", "Lake", "LakeFile", "Listing", "RawFile", "open_lake"]

pc: Any = pyarrow.compute


class LakeFile(Struct, frozen=True, order=True):
    """One file of a table. ``key``: its path below the lake's root, ``path``: its place, ``size``: bytes."""

    date: str
    number: int
    table: str
    exchange: str
    channel: str
    key: str
    path: str
    size: int


class RawFile(Struct, frozen=True, order=True):
    """One raw segment in the lake."""

    segment: SegmentId
    path: str


class Listing(Struct, frozen=True):
    """All files of a lake, sorted. ``strangers``: keys of Parquet files that Daedalus did not name.

    ``unreadable``: keys of folders and files that cannot be read, each with the reason.
    """

    files: tuple[LakeFile, ...]
    raw: tuple[RawFile, ...]
    strangers: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()


class Lake:
    """Files below some roots of one place. ``url`` names it, without secrets."""

    def __init__(self, reader: Reader, roots: Sequence[str], raw_roots: Sequence[str]) -> None:
        self.url = reader.url
        self._reader = reader
        self._roots = tuple(root.rstrip("/") for root in roots)
        self._raw_roots = tuple(root.rstrip("/") for root in raw_roots)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def listing(self) -> Listing:
        """Every file; one that lies in two states counts once. Raises `TargetError`."""
        files: dict[str, LakeFile] = {}
        strangers: list[str] = []
        unreadable: list[tuple[str, str]] = []
        for root in self._roots:
            for table in TABLES:
                for found in self._reader.find(f"{root}/{table}"):
                    key = found.path[len(root) + 1 :]
                    if found.trouble:
                        unreadable.append((key, found.trouble))
                        continue
                    known = TableFile.from_path(Path(key))
                    if known is None:
                        strangers.append(key)
                        continue
                    partition = known.segment.partition
                    files.setdefault(
                        key,
                        LakeFile(
                            date=known.date,
                            number=known.segment.number,
                            table=known.table,
                            exchange=partition.exchange,
                            channel=partition.channel,
                            key=key,
                            path=found.path,
                            size=found.size,
                        ),
                    )
        raw: dict[SegmentId, RawFile] = {}
        for root in self._raw_roots:
            for found in self._reader.find(root):
                key = found.path[len(root) + 1 :]
                segment = SegmentId.from_sealed(Path(key))
                if found.trouble:
                    unreadable.append((f"raw/{key}", found.trouble))
                elif segment is not None:
                    raw.setdefault(segment, RawFile(segment, found.path))
        return Listing(
            tuple(sorted(files.values())),
            tuple(sorted(raw.values())),
            tuple(sorted(strangers)),
            tuple(sorted(unreadable)),
        )

    def batches(
        self,
        file: LakeFile,
        columns: Sequence[str] | None = None,
        symbol: str | None = None,
        content: Content | None = None,
    ) -> Generator[pa.RecordBatch, None, bool]:
        """The rows of a file, in batches; of some ``columns`` or one ``symbol`` where these are given.

        Every page is compared with its checksum. With ``content`` (and neither columns nor symbol), the rows
        are compared with the checksum of the rows as written; returns whether the file has one. Raises
        `DamagedFileError`, `AlteredFileError` if other rows were written, and `TargetError` if the file
        cannot be read for another reason.
        """
        expected = TABLES[file.table].schema
        try:
            with self._open(file) as opened:
                parquet = pq.ParquetFile(opened, page_checksum_verification=True)
                if not fits(parquet.schema_arrow, expected):
                    raise DamagedFileError(f"{file.key}: its columns are not those of {file.table}")
                for group in range(parquet.num_row_groups):
                    if symbol is not None and not has_symbol(parquet, group, symbol):
                        continue
                    for rows in read_row_group(file.key, parquet, group, columns):
                        if content is not None:
                            content.take(rows)
                        batch = conform(rows, expected, columns)
                        if symbol is not None:
                            batch = batch.filter(pc.equal(batch.column("symbol"), symbol))
                        yield batch
                return content is not None and verify_rows(file.key, parquet, content)
        except FileNotFoundError as error:
            raise DamagedFileError(f"{file.key}: is gone") from error
        except MemoryError:  # Arrow raises it too; the bytes may be sound
            remedy = "Read fewer days at a time, or on a larger machine."
            problem = f"there is not enough memory to read {file.key}"
            raise TargetError(TargetErrorKind.SOURCE, self.url, problem, remedy) from None
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise from_os_error(error, self.url, file.key) from None
            raise DamagedFileError(f"{file.key}: {_one_line(error)}") from None

    def checked(self, file: LakeFile) -> Generator[pa.RecordBatch, None, bool]:
        """All rows of a file, compared with their checksum; returns whether the file has one."""
        return self.batches(file, content=Content())

    def count_messages(self, file: RawFile) -> int | None:
        """How many messages a raw file holds; None if its bytes are damaged.

        Raises `TargetError` if it cannot be read for another reason.
        """
        key = f"raw/{file.segment.sealed_path}"
        try:
            with self._reader.open(file.path, key) as opened:
                kinds = pq.read_table(opened, columns=["kind"], partitioning=None)["kind"]
                return sum(1 for kind in kinds.to_pylist() if kind == "message")
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise from_os_error(error, self.url, key) from None
            return None

    def _open(self, file: LakeFile) -> Any:  # noqa: ANN401 - a file of Python's, or one like it
        """Open a file; since it was listed, sync may have moved it to another root."""
        for path in dict.fromkeys((file.path, *(f"{root}/{file.key}" for root in self._roots))):
            with suppress(FileNotFoundError):
                return self._reader.open(path, file.key)
        raise FileNotFoundError(file.key)


def open_lake(settings: StorageSettings) -> Lake:
    """The lake at ``settings.target``: a URL, a folder, or a data directory.

    Raises `TargetError` if there is no such folder, or no driver for such a URL.
    """
    reader = open_reader(settings)
    if local_path(settings.target) is None:
        return Lake(reader, [reader.root], [f"{reader.root}/raw"])
    folder = Path(reader.root)
    if not folder.is_dir():
        remedy = "Name the lake's folder, or a data_dir."
        raise TargetError(TargetErrorKind.BUCKET, reader.url, f"there is no folder {folder}", remedy)
    layout = Layout(folder)
    tables = [layout.tables(state) for state in (READY, SYNCED)]
    roots, raw = [folder], [folder / "raw"]
    if any(each.is_dir() for each in tables):
        roots, raw = tables, [layout.raw(state) for state in (NORMALIZED, SYNCED)]
    return Lake(reader, [str(each) for each in roots], [str(each) for each in raw])


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
