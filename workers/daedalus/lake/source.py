"""A lake as it lies there: its files, by whatever fsspec reaches them, read with their page checksums.

A lake is one folder (`sync.target`) or a data directory, whose tables lie in two of them (ready, synced).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
from msgspec import Struct

from ..storage.errors import TargetError, TargetErrorKind, from_os_error
from ..storage.filesystems import is_local, is_s3, other_filesystem, s3_filesystem
from ..storage.fsspec_reader import StoreFile, told
from ..storage.local_reader import Found, local_files
from ..storage.settings import StorageSettings, public_url
from ..store.layout import NORMALIZED, READY, SYNCED, Layout, SegmentId, TableFile
from ..store.regular import open_regular
from ..tables.content import Content
from ..tables.registry import TABLES
from .pages import AlteredFileError, DamagedFileError, claimed, holds, row_group
from .versions import conformed, fits

__all__ = ["AlteredFileError", "DamagedFileError", "Lake", "LakeFile", "Listing", "RawFile", "open_lake"]

pc: Any = pyarrow.compute


class LakeFile(Struct, frozen=True, order=True):
    """One file of a table. ``key`` is its path below the lake's root, ``path`` where it is read."""

    date: str
    number: int
    table: str
    exchange: str
    channel: str
    key: str
    path: str
    size: int


class RawFile(Struct, frozen=True, order=True):
    """One raw segment that is in the lake too."""

    segment: SegmentId
    path: str


class Listing(Struct, frozen=True):
    """All files of a lake, sorted. ``strangers``: Parquet files that readers find and nobody here wrote.

    ``unreadable``: folders, and what looks like a file, that cannot be looked at; and why.
    """

    files: tuple[LakeFile, ...]
    raw: tuple[RawFile, ...]
    strangers: tuple[str, ...]
    unreadable: tuple[tuple[str, str], ...] = ()


class Lake:
    """What is below some roots of one filesystem."""

    def __init__(
        self,
        url: str,
        filesystem: Any,  # noqa: ANN401 - fsspec has no types
        roots: Sequence[str],
        raw_roots: Sequence[str],
        local: bool,
    ) -> None:
        self.url = url
        self._filesystem = filesystem
        self._roots = [root.rstrip("/") for root in roots]
        self._raw_roots = [root.rstrip("/") for root in raw_roots]
        self._local = local

    def listing(self) -> Listing:
        """Every file there is; one that lies in two states counts once. Raises `TargetError`."""
        files: dict[str, LakeFile] = {}
        strangers: list[str] = []
        unreadable: list[tuple[str, str]] = []
        for root in self._roots:
            for table in TABLES:
                for found in self._find(f"{root}/{table}"):
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
            for found in self._find(root):
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
        """The rows of a file (or of one symbol in it), in batches, of all columns or some.

        Every page is held against its checksum. Where all is read, into ``content``, the rows are held
        against what the file says of them; returns whether it says so. Raises `DamagedFileError`, as
        `AlteredFileError` where other rows were written; `TargetError` where the store does not answer.
        """
        expected = TABLES[file.table].schema
        try:
            with self._open(self._place(file), file.key) as opened:
                parquet = pq.ParquetFile(opened, page_checksum_verification=True)
                if not fits(parquet.schema_arrow, expected):
                    raise DamagedFileError(f"{file.key}: its columns are not those of {file.table}")
                for group in range(parquet.num_row_groups):
                    if symbol is not None and not holds(parquet, group, symbol):
                        continue
                    for rows in row_group(file.key, parquet, group, columns):
                        if content is not None:
                            content.take(rows)
                        batch = conformed(rows, expected, columns)
                        if symbol is not None:
                            batch = batch.filter(pc.equal(batch.column("symbol"), symbol))
                        yield batch
                return content is not None and claimed(file.key, parquet, content)
        except FileNotFoundError as error:
            raise DamagedFileError(f"{file.key}: is gone") from error
        except MemoryError:  # Arrow's own is one too; it says nothing of the bytes
            remedy = "Read fewer days at a time, or on a larger machine."
            problem = f"there is not enough memory to read {file.key}"
            raise TargetError(TargetErrorKind.SOURCE, self.url, problem, remedy) from None
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise from_os_error(error, self.url, file.key) from None
            raise DamagedFileError(f"{file.key}: {_one_line(error)}") from None

    def checked(self, file: LakeFile) -> Generator[pa.RecordBatch, None, bool]:
        """All rows of a file, held against what the file says of them; returns whether it says so."""
        return self.batches(file, content=Content())

    def messages(self, file: RawFile) -> int:
        """How many messages of the venue a raw file holds; -1 where its bytes are damaged.

        Raises `TargetError` where it cannot be read for another reason.
        """
        key = f"raw/{file.segment.sealed_path}"
        try:
            with self._open(file.path, key) as opened:
                kinds = pq.read_table(opened, columns=["kind"], partitioning=None)["kind"]
                return sum(1 for kind in kinds.to_pylist() if kind == "message")
        except (pa.ArrowException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise from_os_error(error, self.url, key) from None
            return -1

    def _place(self, file: LakeFile) -> str:
        """Where a file lies now: in a data directory it may have been uploaded since it was listed."""
        if self._local and not Path(file.path).exists():
            places = (f"{root}/{file.key}" for root in self._roots)
            return next((place for place in places if Path(place).exists()), file.path)
        return file.path

    def _open(self, path: str, key: str) -> Any:  # noqa: ANN401 - a file of Python's, or one like it
        return (
            open_regular(Path(path), follow=True)
            if self._local
            else StoreFile(self._filesystem, path, self.url, key)
        )

    def _find(self, root: str) -> list[Found]:
        if self._local:
            return sorted(local_files(root), key=lambda found: found.path)
        try:
            listed = self._filesystem.find(root, detail=True)
        except FileNotFoundError as error:
            if error.__cause__ is None:
                return []
            raise told(error, self.url, "a listing") from None  # no folder, and no bucket either
        except Exception as error:  # drivers raise what their libraries raise
            raise told(error, self.url, "a listing") from None
        return [
            Found(path, int(about["size"] or 0))
            for path, about in sorted(listed.items())
            if path.endswith(".parquet") and not path.rpartition("/")[2].startswith(".")
        ]


def open_lake(settings: StorageSettings) -> Lake:
    """The lake of ``settings.target``: a URL, a folder, or a data directory with its tables.

    Raises `TargetError` where there is none, or no driver for such a URL.
    """
    url = public_url(settings.target).rstrip("/")
    if is_local(settings.target):
        return _local(Path(settings.target.rpartition("://")[2]).expanduser().absolute())
    if is_s3(settings.target):
        filesystem, root = s3_filesystem(settings), url.partition("://")[2]
    else:
        filesystem, root = other_filesystem(settings.target)
    return Lake(url, filesystem, [root], [f"{root}/raw"], local=False)


def _local(root: Path) -> Lake:
    if not root.is_dir():
        remedy = "Name the lake's folder, or a data_dir."
        raise TargetError(TargetErrorKind.BUCKET, f"file://{root}", f"there is no folder {root}", remedy)
    layout = Layout(root)
    tables = [layout.tables(state) for state in (READY, SYNCED)]
    roots, raw = [root], [root / "raw"]
    if any(each.is_dir() for each in tables):
        roots, raw = tables, [layout.raw(state) for state in (READY, NORMALIZED, SYNCED)][1:]
    return Lake(f"file://{root}", None, [str(each) for each in roots], [str(each) for each in raw], True)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
