"""Errors between this machine and the lake, each one line that a person can act on.

Invariant: no error's text or representation holds a credential, whatever a store answered.
"""

from __future__ import annotations

import errno
import os
from enum import StrEnum

from ..errors import FAILED, USAGE, DaedalusError

__all__ = [
    "SourceGoneError",
    "StoppedError",
    "TargetError",
    "TargetErrorKind",
    "from_driver_error",
    "from_os_error",
]


class TargetErrorKind(StrEnum):
    """What went wrong, and so who can fix it."""

    CREDENTIALS = "credentials"  # the store does not accept our keys
    BUCKET = "bucket"  # the place does not exist
    UNREACHABLE = "unreachable"  # no network, no such name, refused, too slow
    DENIED = "denied"  # the keys are accepted, but not allowed to do this
    NO_SPACE = "no_space"  # the place is full
    CLOCK = "clock"  # this machine's time is too far from the store's
    STORE = "store"  # the store has a problem of its own, or asks us to wait
    MISMATCH = "mismatch"  # the store does not hold what was sent
    SOURCE = "source"  # a file of this machine cannot be read
    SETTINGS = "settings"  # the target's settings cannot be used
    REFUSED = "refused"  # any other answer

    @property
    def concerns_whole_store(self) -> bool:
        """Whether the next file would fail in the same way, so that trying it is pointless."""
        return self in _WHOLE_STORE


_WHOLE_STORE = {
    TargetErrorKind.CREDENTIALS,
    TargetErrorKind.BUCKET,
    TargetErrorKind.UNREACHABLE,
    TargetErrorKind.NO_SPACE,
    TargetErrorKind.CLOCK,
    TargetErrorKind.SETTINGS,
}


class TargetError(DaedalusError):
    """The lake cannot be reached, read or written. ``str()`` is one line: target, what, where, remedy."""

    def __init__(self, kind: TargetErrorKind, target: str, problem: str, remedy: str) -> None:
        self.kind = kind
        self.target = target
        self.problem = problem
        self.remedy = remedy
        self.exit_code = USAGE if kind is TargetErrorKind.SETTINGS else FAILED
        super().__init__(f"{target}: {problem}. {remedy}")


class SourceGoneError(Exception):
    """The file to upload was moved by its owner. Not a failure."""


class StoppedError(Exception):
    """The transfer was given up: the worker was asked to stop."""


_NETWORK = {
    errno.ECONNREFUSED,
    errno.ECONNRESET,
    errno.ECONNABORTED,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENETDOWN,
    errno.ETIMEDOUT,
    errno.EPIPE,
}
_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


def from_os_error(error: OSError, target: str, place: str) -> TargetError:
    """An operating system's error on ``place`` of the target, as a `TargetError`."""
    # Not the error's own text: drivers put the store's words into it, which may hold credentials.
    what = os.strerror(error.errno) if error.errno else type(error).__name__
    reason = f"{what} at {place}"
    if error.errno in _SPACE:
        kind, remedy = TargetErrorKind.NO_SPACE, "Make room there, or choose another target."
    elif error.errno in _PERMISSION or isinstance(error, PermissionError):
        kind, remedy = TargetErrorKind.DENIED, "Allow the user that runs daedalus to write there."
    elif error.errno in _NETWORK or isinstance(error, ConnectionError | TimeoutError):
        kind, remedy = TargetErrorKind.UNREACHABLE, "Check the network and the target's address."
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        kind, remedy = TargetErrorKind.BUCKET, "Create it, mount it, or correct the target."
    else:
        kind, remedy = TargetErrorKind.STORE, "Check the disk or server behind the target."
    return TargetError(kind, target, reason, remedy)


def from_driver_error(error: Exception, target: str, place: str) -> TargetError:
    """Any error of an fsspec driver as a `TargetError`; drivers raise what their libraries raise."""
    if isinstance(error, OSError):
        return from_os_error(error, target, place)
    problem = f"the driver failed with {type(error).__name__} at {place}"
    return TargetError(
        TargetErrorKind.REFUSED, target, problem, "Check the URL and the driver's own configuration."
    )
