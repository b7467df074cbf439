"""The shell around a worker's work: a lock, an event to stop, the status file, and the word to systemd."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import Event
from types import TracebackType

from msgspec.structs import asdict

from .. import host
from ..store.layout import Layout
from ..store.lock import WorkerLock
from .notify import Notifier
from .rate_limited_log import RateLimitedLog
from .status import UNTOLD, AnyStatus, Process, Setup, State, write_status

__all__ = ["Shell"]

STATUS_SECONDS = 3.0
REPEAT_SECONDS = 600.0
"""The same trouble with the status file is logged again after this time."""


class Shell:
    """A context manager around all of a worker's work. Entering raises `AlreadyRunningError`.

    ``status_seconds``: how old the status file may grow. ``lock``: in place of the usual `WorkerLock`.
    A status that cannot be written ends nothing: it is logged, and written again.
    """

    def __init__(
        self,
        layout: Layout,
        worker: str,
        setup: Setup = UNTOLD,
        stop: Event | None = None,
        *,
        status_seconds: float = STATUS_SECONDS,
        lock: AbstractContextManager[object] | None = None,
    ) -> None:
        self.layout = layout
        self.stop = stop or Event()
        self.process = Process(
            **asdict(setup),
            worker=worker,
            pid=os.getpid(),
            boot_id=host.boot_id(),
            started_ns=time.time_ns(),
        )
        self._lock = lock or WorkerLock(layout, worker)
        self._status_seconds = status_seconds
        self._written_at = float("-inf")
        self._written_state = ""
        self._notifier = Notifier.from_environment()
        self._log = RateLimitedLog(logging.getLogger("daedalus.worker"), interval_seconds=REPEAT_SECONDS)

    def __enter__(self) -> Shell:
        self._lock.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.__exit__(kind, error, trace)

    def ready(self, line: str = "") -> None:
        """Tell systemd that the work begins: units that are ordered after this worker may start."""
        self._notifier.ready(line)

    def alive(self, line: str) -> None:
        """Tell systemd that the worker is alive; ``line``: how the work goes."""
        self._notifier.alive(line)

    def stopping(self, line: str = "") -> None:
        """Tell systemd that the worker ends because it was told to."""
        self._notifier.stopping(line)

    def wait(self, seconds: float, meanwhile: Callable[[], object]) -> bool:
        """Wait, calling ``meanwhile`` as often as a status is due; whether the worker was told to stop."""
        until = time.monotonic() + seconds
        while not self.stop.is_set() and (left := until - time.monotonic()) > 0:
            meanwhile()
            self.stop.wait(min(left, self._status_seconds))
        return self.stop.is_set()

    def due(self, state: State) -> bool:
        """Whether the status is to be written: the last one is old, or of another state."""
        old = time.monotonic() - self._written_at >= self._status_seconds
        return old or state != self._written_state

    def write(self, status: AnyStatus) -> None:
        """Write the status file now."""
        self._written_at, self._written_state = time.monotonic(), status.state
        try:
            write_status(self.layout.status, status)
        except OSError as error:
            text = "cannot write the status of %s: %s"
            self._log.warning("status", text, self.process.worker, error.strerror or error)

    def say(self, status: AnyStatus, line: str) -> None:
        """Write the status file now, and tell systemd the same in one ``line``."""
        (self.stopping if status.state == "stopped" else self.alive)(line)
        self.write(status)
