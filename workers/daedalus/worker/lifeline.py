"""No worker outlives the process that started it, however that process ends.

The stdin of each child is a pipe to which the parent never writes. When the parent ends, even by kill -9, the
kernel closes its end of the pipe. The child sees that, stops itself in good order, and is killed if it hangs.
(Linux has PR_SET_PDEATHSIG, but a process that hangs does not react to it, and other systems lack it.)
"""

from __future__ import annotations

import functools
import os
import signal
import threading
import time

from .signals import STOP_SECONDS

__all__ = ["child_environment", "follow_parent", "pipe_of_children"]

MARK = "DAEDALUS_FOLLOWS_PARENT"
KILL_SECONDS = 2 * STOP_SECONDS
"""A worker that has not stopped by then hangs."""


@functools.cache
def pipe_of_children() -> int:
    """The stdin of all children. Its other end stays open while this process lives; no child inherits it."""
    read, _ = os.pipe()
    return read


def child_environment() -> dict[str, str]:
    """The environment of a child that is to end with this process."""
    return {**os.environ, MARK: "1"}


def follow_parent() -> None:
    """Stop this process when its parent has ended, if it was started with `child_environment`."""
    if os.environ.pop(MARK, None):
        threading.Thread(target=_follow, name="parent", daemon=True).start()


def _follow() -> None:
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(KILL_SECONDS)
    os.kill(os.getpid(), signal.SIGKILL)
