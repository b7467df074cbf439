"""Opens regular files, and nothing else that may have a file's name.

Opening a pipe waits for ever, a device may do anything, and a link leads out of our directories. What was
opened is checked after opening, since a name may change its meaning in between.
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

_NOT_REGULAR = (errno.ELOOP, errno.ENXIO, errno.ENODEV, errno.EISDIR)
"""Errors of opening links, sockets, devices and directories."""


class NoRegularFileError(DaedalusError, OSError):
    """Something else stands where a file is expected."""

    def __init__(self, path: Path, mode: int) -> None:
        kind = _KINDS.get(stat.S_IFMT(mode), "something")
        super().__init__(errno.EINVAL, f"{kind} stands where a file is expected", str(path))


def open_descriptor(path: Path, flags: int = os.O_RDONLY, mode: int = 0, *, follow: bool = False) -> int:
    """A descriptor of the regular file at ``path``; never waits. ``follow``: a link to one will do.

    Raises `OSError`: `NoRegularFileError` if something else stands there.
    """
    link = 0 if follow else os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC | link, mode)
    except OSError as error:
        if error.errno not in _NOT_REGULAR or (found := _mode(path, follow)) is None:
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
    """A descriptor of a new, empty file. Whatever had the name before is removed and never opened.

    Raises `OSError`, also where a directory stands there.
    """
    while True:
        try:
            return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        except FileExistsError:
            path.unlink(missing_ok=True)


def _mode(path: Path, follow: bool) -> int | None:
    """The mode of what stands there, if it is not a regular file."""
    try:
        found = path.stat(follow_symlinks=follow).st_mode
    except OSError:
        return None
    return None if stat.S_ISREG(found) else found


def is_regular(path: Path) -> bool:
    """Whether a regular file stands there, not a link to one; False if that cannot be seen."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False
