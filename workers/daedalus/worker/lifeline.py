"""No worker outlives the process that started it, however that one ends.

Each child's stdin is a pipe that the parent never writes to. The kernel closes the parent's end with the
parent, after kill -9 too; the child then asks itself to stop, and ends itself where it cannot. (Linux's
PR_SET_PDEATHSIG would be lost on whatever hangs, and there is none on other systems.)
"""

from __future__ import annotations

import functools
import os
import signal
import threading
import time

__all__ = ["child_environment", "follow_parent", "pipe_of_children"]

MARK = "DAEDALUS_FOLLOWS_PARENT"
STOP_SECONDS = 20.0
"""Twice what a worker may take to stop."""


@functools.cache
def pipe_of_children() -> int:
    """What children get as stdin. Its other end is open as long as this process lives, and in no child."""
    read, _ = os.pipe()
    return read


def child_environment() -> dict[str, str]:
    """The environment of a process that is to end with this one."""
    return {**os.environ, MARK: "1"}


def follow_parent() -> None:
    """Stop this process when the one that started it has ended; nothing where it was not started so."""
    if os.environ.pop(MARK, None):
        threading.Thread(target=_follow, name="parent", daemon=True).start()


def _follow() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
