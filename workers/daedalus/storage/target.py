"""`Target`: a place that takes files and proves that it has them.

Every target keeps these invariants, and one test suite checks them for all: `put` returns only when the
store's own size and checksum agree with the file's. A partial file never has its final name. An object that
is there with the same content is not sent again. One with another content is replaced and reported as such:
the local file is the source of truth (it may have been computed again after a bug was fixed).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import BinaryIO, Protocol

from msgspec import Struct

from ..store.regular_files import open_regular
from .errors import SourceGoneError, StoppedError, TargetError, TargetErrorKind
from .lake_mark import MarkFile

__all__ = ["CHUNK_BYTES", "Outcome", "Receipt", "Target", "open_source", "read_chunks", "sha256_of"]

CHUNK_BYTES = 1 << 20


class Outcome(StrEnum):
    """What `Target.put` had to do."""

    UPLOADED = "uploaded"  # the object was not there
    REPLACED = "replaced"  # it was there with another content
    UNCHANGED = "unchanged"  # it was there with the same content; nothing was sent


class Receipt(Struct, frozen=True):
    """The proof of one `put`. ``bytes``: the object's size, ``proof``: what was compared."""

    key: str
    bytes: int
    outcome: Outcome
    proof: str


class Target(Protocol):
    """A place for the lake. All methods may be called from several threads at once."""

    @property
    def url(self) -> str:
        """The target's URL without credentials."""

    @property
    def mark(self) -> MarkFile | None:
        """The mark of a lake in a folder; None for a store, which is known by its objects."""

    def check(self) -> None:
        """Raise `TargetError` if the target cannot be used as configured. Writes nothing."""

    def has(self, key: str) -> bool:
        """Whether there is an object at ``key``, whatever its content. Raises `TargetError`."""

    def put(self, source: Path, key: str, stop: Event | None = None) -> Receipt:
        """Bring the file to ``key`` and verify it there.

        Raises `TargetError`, `SourceGoneError` if the source does not exist, and `StoppedError` soon after
        ``stop`` is set; the object is then there whole or not at all.
        """

    def holds(self, source: Path, key: str) -> bool:
        """Whether an object at ``key`` has the file's content. Raises `TargetError`."""


def open_source(source: Path, target: str) -> BinaryIO:
    """Open the file to send. Raises `SourceGoneError`, or `TargetError` if it cannot be read."""
    try:
        return open_regular(source)
    except FileNotFoundError:
        raise SourceGoneError(str(source)) from None
    except OSError as error:
        raise _unreadable(source, target, error) from None


def read_chunks(
    file: BinaryIO, target: str, stop: Event | None = None, size: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """The file's content from its beginning, in pieces of ``size`` bytes."""
    try:
        file.seek(0)
        while chunk := file.read(size):
            if stop is not None and stop.is_set():
                raise StoppedError
            yield chunk
    except OSError as error:
        raise _unreadable(Path(file.name), target, error) from None


def sha256_of(file: BinaryIO, target: str, stop: Event | None = None) -> bytes:
    """The SHA-256 of the whole file."""
    digest = hashlib.sha256()
    for chunk in read_chunks(file, target, stop):
        digest.update(chunk)
    return digest.digest()


def size_of(file: BinaryIO) -> int:
    """The open file's size in bytes."""
    return os.fstat(file.fileno()).st_size


def mismatch(target: str, key: str, found: str) -> TargetError:
    """The error of an object that is not what was sent."""
    return TargetError(
        TargetErrorKind.MISMATCH,
        target,
        f"{key} does not hold what was sent: {found}",
        "The file stays here and is sent again; if this repeats, suspect the network path or the store.",
    )


def _unreadable(source: Path, target: str, error: OSError) -> TargetError:
    return TargetError(
        TargetErrorKind.SOURCE,
        target,
        f"cannot read {source} ({error.strerror or type(error).__name__})",
        "Check its permissions and the disk it is on.",
    )
