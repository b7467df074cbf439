"""Whether a directory is writable. Only a write proves it.

A dying card turns read-only by itself. Since Linux 6.12 ext4 shows this as ``emergency_ro`` next to an
unchanged ``rw``; other kernels show nothing, and access(2) and statvfs(2) do not see it. So a small file is
written, synced and removed. A disk that no longer answers would block the caller for ever: the write has its
own thread and a deadline. Sources: fs/ext4/super.c (EXT4_FLAGS_EMERGENCY_RO); prometheus/node_exporter #3717.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path, PurePosixPath

from msgspec import Struct

from .kernel import mount_of, read_mounts

__all__ = ["WriteTrouble", "Writing", "try_writing"]

PROBE_SECONDS = 20.0
PROBE_BYTES = 4096
"""Not empty: a full disk still accepts an empty file."""

ROOT = Path("/")

_hanging: dict[str, threading.Thread] = {}
"""Writes that have not returned. At most one per directory, so that they do not pile up over days."""


class WriteTrouble(StrEnum):
    """Why a directory is not writable."""

    READ_ONLY = "read-only"
    FAILS = "fails"  # the disk reports an error
    HANGS = "hangs"  # the disk does not answer
    FULL = "full"
    DENIED = "denied"  # for this user; another one may write


class Writing(Struct, frozen=True):
    """The result of a try. ``trouble`` is None if the write succeeded or the directory does not exist.

    ``found`` describes it for people: directory, file system, the system's error.
    """

    trouble: WriteTrouble | None = None
    found: str = ""

    @property
    def broken(self) -> bool:
        """Whether no user can write there."""
        return self.trouble not in (None, WriteTrouble.DENIED)

    @property
    def read_only(self) -> bool:
        return self.trouble is WriteTrouble.READ_ONLY


def try_writing(
    directories: Iterable[Path], root: Path = ROOT, *, probe: bool = True, seconds: float = PROBE_SECONDS
) -> Writing:
    """Try to write in each existing directory; returns the first trouble, one for all users before `DENIED`.

    ``probe`` False: only look at the mounts, which costs nothing and misses what they do not show.
    ``root``: the directory that contains /proc.
    """
    found = [_try(directory, root, probe, seconds) for directory in _one_per_disk(directories)]
    return next((each for each in found if each.broken), next((e for e in found if e.trouble), Writing()))


def _one_per_disk(directories: Iterable[Path]) -> list[Path]:
    disks: dict[int, Path] = {}
    for directory in directories:
        with contextlib.suppress(OSError):
            disks.setdefault(directory.stat().st_dev, directory)
    return list(disks.values())


def _try(directory: Path, root: Path, probe: bool, seconds: float) -> Writing:
    mount = mount_of(PurePosixPath(os.path.realpath(directory)), read_mounts(root))
    where = f"{mount.source} on {mount.target}" if mount else str(directory)
    with contextlib.suppress(OSError):
        if (mount and mount.read_only) or os.statvfs(directory).f_flag & os.ST_RDONLY:
            return Writing(WriteTrouble.READ_ONLY, f"{where} is read-only")
    error = _written(directory, seconds) if probe else None
    if error is None or error.errno in (errno.ENOENT, errno.ENOTDIR):
        return Writing()
    if error.errno == errno.EROFS:
        return Writing(WriteTrouble.READ_ONLY, f"{where} is read-only, whatever its mount options say")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Writing(WriteTrouble.FULL, f"{where} is full")
    if error.errno in (errno.EACCES, errno.EPERM):
        return Writing(WriteTrouble.DENIED, f"this user may not write in {directory}")
    if error.errno == errno.ETIMEDOUT:
        return Writing(WriteTrouble.HANGS, f"{where} did not finish a write within {seconds:.0f} s")
    return Writing(WriteTrouble.FAILS, f"{where} fails to write: {error.strerror or type(error).__name__}")


def _written(directory: Path, seconds: float) -> OSError | None:
    """Write and remove a small file; returns the error, ETIMEDOUT if the write did not return in time."""
    late = OSError(errno.ETIMEDOUT, "the write did not return")
    key = str(directory)
    if (before := _hanging.get(key)) is not None and before.is_alive():
        return late
    outcome: list[OSError] = []

    def write() -> None:
        try:
            _write(directory)
        except OSError as error:
            outcome.append(error)

    thread = _hanging[key] = threading.Thread(target=write, name="write-probe", daemon=True)
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        return late
    del _hanging[key]
    return outcome[0] if outcome else None


def _write(directory: Path) -> None:
    path = directory / f".probe.{os.getpid()}.tmp"
    path.unlink(missing_ok=True)  # left by a killed process
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, b"\0" * PROBE_BYTES)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
        path.unlink()
