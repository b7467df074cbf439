"""A lake behind any other fsspec URL (sftp, gcs, abfs, …).

Such stores have no checksum in common. So every file is written aside, proved by reading it back, and only
then given its name. Folders and S3 have better means, and targets of their own.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, BinaryIO, TypeVar

import fsspec

from .errors import SourceGoneError, StoppedError, TargetError, TargetErrorKind, from_driver_error
from .settings import public_url
from .target import Outcome, Receipt, mismatch, open_source, read_chunks, size_of

__all__ = ["FsspecTarget", "other_filesystem"]

_T = TypeVar("_T")


def other_filesystem(target: str) -> tuple[Any, str]:
    """The filesystem of an fsspec URL, and the path in it.

    Raises `TargetError` if no driver serves this kind of URL.
    """
    try:
        filesystem, root = fsspec.core.url_to_fs(target)
    except (ImportError, ValueError) as error:
        raise TargetError(
            TargetErrorKind.SETTINGS,
            public_url(target).rstrip("/"),
            f"no driver for this kind of URL ({type(error).__name__})",
            "Write file://… or s3://…, or install the fsspec driver for this URL.",
        ) from None
    return filesystem, root.rstrip("/")


class FsspecTarget:
    """A `Target` at any URL for which an fsspec driver is installed."""

    def __init__(self, url: str) -> None:
        self.url = public_url(url).rstrip("/")
        self._fs, self._root = other_filesystem(url)

    mark = None

    def check(self) -> None:
        self._ask(self._fs.exists, self._root)

    def has(self, key: str) -> bool:
        return bool(self._ask(self._fs.exists, self._path(key)))

    def put(self, source: Path, key: str, stop: Event | None = None) -> Receipt:
        with open_source(source, self.url) as file:
            there = bool(self._ask(self._fs.exists, self._path(key)))
            if there and self._ask(self._same, file, self._path(key), stop):
                return Receipt(key, size_of(file), Outcome.UNCHANGED, "read back")
            self._ask(self._write, file, key, stop)
            return Receipt(key, size_of(file), Outcome.REPLACED if there else Outcome.UPLOADED, "read back")

    def holds(self, source: Path, key: str) -> bool:
        with open_source(source, self.url) as file:
            there = bool(self._ask(self._fs.exists, self._path(key)))
            return there and self._ask(self._same, file, self._path(key), None)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _write(self, file: BinaryIO, key: str, stop: Event | None) -> None:
        folder, _, name = self._path(key).rpartition("/")
        aside = f"{folder}/.{name}.part"
        self._fs.makedirs(folder, exist_ok=True)
        with self._fs.open(aside, "wb") as written:
            for chunk in read_chunks(file, self.url, stop):
                written.write(chunk)
        if not self._same(file, aside, stop):
            raise mismatch(self.url, key, "its content, read back, is different")
        self._fs.mv(aside, f"{folder}/{name}")
        if self._fs.size(f"{folder}/{name}") != size_of(file):
            raise mismatch(self.url, key, "it has another size under its final name")

    def _same(self, file: BinaryIO, path: str, stop: Event | None) -> bool:
        if self._fs.size(path) != size_of(file):
            return False
        with self._fs.open(path, "rb") as stored:
            return all(stored.read(len(chunk)) == chunk for chunk in read_chunks(file, self.url, stop))

    def _ask(self, call: Callable[..., _T], *arguments: object) -> _T:
        try:
            return call(*arguments)
        except (TargetError, SourceGoneError, StoppedError):
            raise
        except Exception as error:
            raise from_driver_error(error, self.url, self.url) from None
