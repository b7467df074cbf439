"""Where the watchdog keeps lock and state while data_dir takes no writes: in the memory of the machine.

When the watched disk dies the watchdog must still start, remember what it told, and tell. A reboot loses
these files, which is right: they mean something in this boot only.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..store.layout import Layout
from ..store.lock import AlreadyRunningError, WorkerLock

__all__ = ["WORKER", "lock_anywhere", "spare_directories", "spare_directory"]

log = logging.getLogger("daedalus.watchdog")

_PLACES = ("/run/daedalus/watchdog", "/dev/shm", "/tmp")  # noqa: S108 - owner and mode are looked at
WORKER = "watchdog"
"""The name of its lock and of its status file."""


def spare_directories(data_dir: Path) -> Iterator[Path]:
    """The candidates for this ``data_dir``, the best first. Nothing is created or checked."""
    name = "daedalus-" + hashlib.sha256(os.path.realpath(data_dir).encode()).hexdigest()[:12]
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")
    named = [*given, os.environ.get("XDG_RUNTIME_DIR", ""), *_PLACES, tempfile.gettempdir()]
    for place in dict.fromkeys(place for place in named if place.startswith("/")):
        yield Path(place, name)


def spare_directory(data_dir: Path) -> Path | None:
    """The first candidate that takes a write, created if need be; None if there is none."""
    for directory in spare_directories(data_dir):
        try:
            directory.mkdir(mode=0o750, exist_ok=True)
            # Where everyone may write, another user could have put it there.
            about = directory.lstat()
            if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.geteuid():
                continue
            with tempfile.TemporaryFile(dir=directory):
                return directory
        except OSError:
            continue
    return None


@contextlib.contextmanager
def lock_anywhere(layout: Layout) -> Iterator[None]:
    """Keep a second watchdog away while the block runs, even on a dead disk. Raises `AlreadyRunningError`.

    Without any place for a lock the watchdog runs all the same: two that tell are better than none.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(WorkerLock(layout, WORKER))
        except OSError as error:
            log.error("no lock file can be made in %s: %s", layout.data_dir, error.strerror)
            if not _lock_without_writing(layout, held) and (spare := spare_directory(layout.data_dir)):
                with contextlib.suppress(OSError):
                    held.enter_context(WorkerLock(Layout(spare), WORKER))
        yield


def _lock_without_writing(layout: Layout, held: contextlib.ExitStack) -> bool:
    """Lock the file that an earlier watchdog left, which works on a read-only disk too."""
    try:
        descriptor = os.open(layout.status / f".{WORKER}.lock", os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise AlreadyRunningError(
            f"{layout.data_dir}: {WORKER} already runs here. Stop that one first"
        ) from None
    except OSError:
        return False
    return True
