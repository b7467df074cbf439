"""Opens files, and nothing else that may stand under a file's name.

A pipe waits for ever when it is opened, a device may do anything, a link leads out of our directories. So
only regular files are opened, by what the opened thing is and not by what its name was a moment ago.
"""

from __future__ import annotations

import errno
import io
import os
import stat
from pathlib import Path

from ..errors import DaedalusError

__all__ = ["NoRegularFileError", "create", "is_regular", "open_descriptor", "open_regular"]

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a directory",
    stat.S_IFLNK: "a symbolic link",
}

_SAID_OF_OTHERS = (errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EISDIR)
"""The errors of opening links, sockets, devices and directories."""


class NoRegularFileError(DaedalusError, OSError):
    """Something else stands where a file is expected."""

    def __init__(self, path: Path, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "something")
        super().__init__(errno.EINVAL, f"{kind} stands where a file is expected", str(path))


def open_descriptor(path: Path, flags: int = os.O_RDONLY, mode: int = 0, *, follow: bool = False) -> int:
    """A descriptor of the regular file at ``path``, at once. ``follow``: a link to one will do.

    Raises `OSError`: `NoRegularFileError` where something else stands there.
    """
    link = 0 if follow else os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | link, mode)
    except OSError as error:
        if error.errno not in _SAID_OF_OTHERS or (found := _mode(path, follow)) is None:
            raise
        raise NoRegularFileError(path, found) from None
    found = os.fstat(descriptor).st_mode
    if not stat.S_ISREG(found):
        os.close(descriptor)
        raise NoRegularFileError(path, found)
    return descriptor


def open_regular(path: Path, *, follow: bool = False) -> io.BufferedReader:
    """The regular file at ``path``, for reading. Raises as `open_descriptor` does."""
    return open(open_descriptor(path, follow=follow), "rb")


def create(path: Path, mode: int) -> int:
    """A descriptor of a new, empty file, whatever stood there before: that goes, and is never opened.

    Raises `OSError`, also where a directory stands there.
    """
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            path.unlink(missing_ok=True)


def _mode(path: Path, follow: bool) -> int | None:
    """What stands there, if it is no regular file."""
    try:
        found = path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(found) else found


def is_regular(path: Path) -> bool:
    """Whether a regular file stands there itself, not a link to one. What cannot be seen is none."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
