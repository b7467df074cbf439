"""What can go wrong between this machine and the lake, as one line that a person can act on.

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
    """Whose turn it is. The kinds in `WHOLE_STORE` concern every file, the others may concern one."""

    CREDENTIALS = "credentials"  # the store does not know us
    BUCKET = "bucket"  # the place does not exist
    UNREACHABLE = "unreachable"  # no network, no name, refused, too slow
    DENIED = "denied"  # the store knows us, and says no
    NO_SPACE = "no_space"  # the place is full
    CLOCK = "clock"  # our time is too far from the store's
    STORE = "store"  # the store has a problem of its own, or asks for patience
    MISMATCH = "mismatch"  # what the store holds is not what we sent
    SOURCE = "source"  # our own file cannot be read
    SETTINGS = "settings"  # the target cannot be understood
    REFUSED = "refused"  # any other answer

    @property
    def concerns_whole_store(self) -> bool:
        """Whether the next file would meet the same, so that trying it is only noise."""
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
    """An upload or the target failed. ``str()`` is one line: target, what, where, remedy."""

    def __init__(self, kind: TargetErrorKind, target: str, problem: str, remedy: str) -> None:
        self.kind = kind
        self.target = target
        self.problem = problem
        self.remedy = remedy
        self.exit_code = USAGE if kind is TargetErrorKind.SETTINGS else FAILED
        super().__init__(f"{target}: {problem}. {remedy}")


class SourceGoneError(Exception):
    """The file to upload is no longer where it was: its owner moved it. Not a failure."""


class StoppedError(Exception):
    """The transfer was given up because the worker was asked to stop."""


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
    """What an operating system's error on ``place`` of the target means."""
    # Not the error's own text: a driver puts the store's words into it.
    what = os.strerror(error.errno) if error.errno else type(error).__name__
    reason = f"{what} at {place}"
    if error.errno in _SPACE:
        kind, remedy = TargetErrorKind.NO_SPACE, "Make room there, or choose another target."
    elif error.errno in _PERMISSION or isinstance(error, PermissionError):
        kind, remedy = TargetErrorKind.DENIED, "Let the user that runs daedalus write there."
    elif error.errno in _NETWORK or isinstance(error, ConnectionError | TimeoutError):
        kind, remedy = TargetErrorKind.UNREACHABLE, "Check the network and the target's address."
    elif isinstance(error, FileNotFoundError | NotADirectoryError):
        kind, remedy = TargetErrorKind.BUCKET, "Create it, mount it, or correct the target."
    else:
        kind, remedy = TargetErrorKind.STORE, "Check the disk or server behind the target."
    return TargetError(kind, target, reason, remedy)


def from_driver_error(error: Exception, target: str, place: str) -> TargetError:
    """What any error of an fsspec driver means; it raises what its libraries raise."""
    if isinstance(error, OSError):
        return from_os_error(error, target, place)
    problem = f"the driver failed with {type(error).__name__} at {place}"
    return TargetError(
        TargetErrorKind.REFUSED, target, problem, "Check the URL and the driver's own configuration."
    )
