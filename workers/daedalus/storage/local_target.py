"""A lake in a directory of this machine.

Invariant: a file gets its final name after it was written aside, fsynced and read back.
"""

from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path
from threading import Event
from typing import BinaryIO

from ..store.files import publish
from ..store.regular_files import create, open_regular
from .errors import TargetError, TargetErrorKind, from_os_error
from .lake_mark import MarkFile
from .target import Outcome, Receipt, mismatch, open_source, read_chunks, sha256_of, size_of

__all__ = ["LocalTarget"]

_MODE = 0o666
"""Minus the umask: who may read the lake is its owner's choice."""


class LocalTarget:
    """A `Target` below one directory."""

    def __init__(self, root: Path) -> None:
        self._root = root.expanduser().absolute()
        self.url = f"file://{self._root}"
        self.mark = MarkFile(self._root, self.url)

    def check(self) -> None:
        there = next(each for each in (self._root, *self._root.parents) if os.path.lexists(each))
        try:
            if not there.is_dir():
                raise NotADirectoryError(errno.ENOTDIR, "Not a directory")
            if not os.access(there, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, "Permission denied")
        except OSError as error:
            raise from_os_error(error, self.url, str(there)) from None

    def has(self, key: str) -> bool:
        return (self._root / key).is_file()

    def put(self, source: Path, key: str, stop: Event | None = None) -> Receipt:
        final = self._root / key
        with open_source(source, self.url) as file:
            size = size_of(file)
            try:
                there = final.exists()
                if there and os.path.samestat(os.fstat(file.fileno()), final.stat()):
                    raise _is_the_source(self.url, final)
                if there and self._same(file, final, stop):
                    return Receipt(key, size, Outcome.UNCHANGED, "sha256")
                self._write(file, key, stop)
            except OSError as error:
                raise from_os_error(error, self.url, str(final)) from None
        return Receipt(key, size, Outcome.REPLACED if there else Outcome.UPLOADED, "sha256")

    def holds(self, source: Path, key: str) -> bool:
        final = self._root / key
        with open_source(source, self.url) as file:
            try:
                return final.exists() and self._same(file, final, None)
            except OSError as error:
                raise from_os_error(error, self.url, str(final)) from None

    def _write(self, file: BinaryIO, key: str, stop: Event | None) -> None:
        final = self._root / key
        # One name per object: the next attempt overwrites what a killed one left.
        aside = final.with_name(f".{final.name}.part")
        aside.parent.mkdir(parents=True, exist_ok=True)
        sent = hashlib.sha256()
        try:
            with open(create(aside, _MODE), "wb") as written:
                for chunk in read_chunks(file, self.url, stop):
                    sent.update(chunk)
                    written.write(chunk)
                written.flush()
                os.fsync(written.fileno())
                # Drop the cached pages, so that the disk is read back and not the memory.
                os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if _digest(aside) != sent.digest():
                raise mismatch(self.url, key, "the SHA-256 read back differs")
            publish(aside, final)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise

    def _same(self, file: BinaryIO, final: Path, stop: Event | None) -> bool:
        if final.stat().st_size != size_of(file):
            return False
        return _digest(final) == sha256_of(file, self.url, stop)


def _is_the_source(url: str, final: Path) -> TargetError:
    problem = f"{final} is the file to upload itself: the lake lies inside data_dir's own files"
    return TargetError(TargetErrorKind.SETTINGS, url, problem, "Give the target a directory of its own.")


def _digest(path: Path) -> bytes:
    with open_regular(path, follow=True) as written:
        return hashlib.file_digest(written, "sha256").digest()
