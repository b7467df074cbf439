"""The disk's free space, and its errors in plain words."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from ..errors import DaedalusError

__all__ = ["WriteBlockedError", "explain", "free_bytes", "require_free"]


class WriteBlockedError(DaedalusError):
    """Nothing may be written now; the message says why and what to do."""


def free_bytes(directory: Path) -> int:
    """The bytes an ordinary process may still write. Raises `OSError`."""
    numbers = os.statvfs(directory)
    return numbers.f_bavail * numbers.f_frsize


def require_free(directory: Path, least: int) -> None:
    """Raise `WriteBlockedError` if less than ``least`` bytes are free."""
    free = free_bytes(directory)
    if free < least:
        raise WriteBlockedError(
            f"little space left on {directory}: {_megabytes(free)} free, {_megabytes(least)} must stay free. "
            "Delete files or let sync upload them; recording then goes on by itself"
        )


def explain(error: OSError, directory: Path) -> str:
    """Say in one line what an error of the disk means and what helps."""
    where = error.filename or directory
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"no space left on {directory}: {_free(directory)} free. Delete files or let sync upload them"
    if error.errno == errno.EROFS:
        return f"{directory} is mounted read-only. See dmesg, check the medium and mount it for writing"
    if error.errno == errno.EIO:
        return f"the disk failed at {where}. See dmesg, and replace the medium if it reports errors"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"may not write {where}. Give {directory} to the user that records"
    return f"{error.strerror or error}: {where}"


def _free(directory: Path) -> str:
    try:
        return _megabytes(free_bytes(directory))
    except OSError:
        return "an unknown amount"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB"
