"""A file in S3's terms: its checksums as a store spells them, and the bodies to send.

A file sent whole has one SHA-256 and an ETag that is its MD5. One sent in parts has a composite
checksum: the digest of its parts' digests, and the number of parts ("Checking object integrity" in
the S3 user guide). Stores keep different ones; `agrees` uses the best.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Event
from typing import Any, BinaryIO

from .target import CHUNK_BYTES, read_chunks, size_of

__all__ = ["S3Content", "Window"]


class Window(io.RawIOBase):
    """A stretch of a file as a readable body. ``touched`` (monotonic seconds): when it was last read.

    Reads by position, so that several windows onto one file can be read at once. Only the piece that was
    asked for is in memory.
    """

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        self._file = file
        self._start = start
        self._length = length
        self._at = 0
        self.touched = time.monotonic()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self.touched = time.monotonic()
        wanted = min(len(buffer), max(0, self._length - self._at))
        # Asked for each time: the descriptor of a closed file may belong to another file by now.
        chunk = os.pread(self._file.fileno(), wanted, self._start + self._at)
        buffer[: len(chunk)] = chunk
        self._at += len(chunk)
        return len(chunk)


class S3Content:
    """The content of one open file. Digests are computed once, when first used."""

    def __init__(
        self, file: BinaryIO, target: str, *, single_bytes: int, part_bytes: int, stop: Event | None = None
    ) -> None:
        self._file = file
        self._target = target
        self._stop = stop
        self.size = size_of(file)
        self.in_parts = self.size > single_bytes
        self._part_bytes = part_bytes if self.in_parts else max(self.size, 1)

    @property
    def windows(self) -> list[Window]:
        """The bodies to send, in order; one where the file is sent whole."""
        starts = range(0, max(self.size, 1), self._part_bytes)
        return [Window(self._file, at, min(self._part_bytes, self.size - at)) for at in starts]

    @property
    def _suffix(self) -> str:
        return str(len(self.windows)) if self.in_parts else ""

    @cached_property
    def sha256_of_parts(self) -> list[str]:
        return [_base64(digest) for digest in self._digests("sha256")]

    @cached_property
    def md5_of_parts(self) -> list[str]:
        return [_base64(digest) for digest in self._digests("md5")]

    def agrees(self, head: Mapping[str, Any]) -> str | None:
        """What proves that the object has this content: "sha256" or "md5"; "" if it has another.

        None: the store sent nothing that can be compared. A different ETag proves nothing, since it need not
        be an MD5 (encryption, gateways, parts of another size).
        """
        if head["ContentLength"] != self.size:
            return ""
        stored = head.get("ChecksumSHA256")
        if stored is not None and stored.partition("-")[2] == self._suffix:
            return "sha256" if stored == self._whole("sha256", self.sha256_of_parts, _base64) else ""
        etag = str(head.get("ETag", "")).strip('"')
        return "md5" if etag == self._whole("md5", self.md5_of_parts, bytes.hex) else None

    def _whole(self, algorithm: str, parts: list[str], spell: Callable[[bytes], str]) -> str:
        digests = [base64.b64decode(part) for part in parts]
        if not self.in_parts:
            return spell(digests[0])
        together = hashlib.new(algorithm, b"".join(digests), usedforsecurity=False).digest()
        return f"{spell(together)}-{self._suffix}"

    def _digests(self, algorithm: str) -> list[bytes]:
        digests, digest, filled = [], hashlib.new(algorithm, usedforsecurity=False), 0
        for chunk in read_chunks(self._file, self._target, self._stop, CHUNK_BYTES):
            digest.update(chunk)
            filled += len(chunk)
            if filled == self._part_bytes:
                digests.append(digest.digest())
                digest, filled = hashlib.new(algorithm, usedforsecurity=False), 0
        if filled or not digests:
            digests.append(digest.digest())
        return digests


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode("ascii")
