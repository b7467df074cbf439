"""The lock that keeps a second worker of the same kind out of the same ``data_dir``."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType

from .files import PRIVATE_MODE, make_directories
from .layout import Layout

__all__ = ["AlreadyRunning", "WorkerLock"]


class AlreadyRunning(Exception):  # noqa: N818 - the name says the whole error
    """Another process does this work on this ``data_dir``; the message names it."""


class WorkerLock:
    """One worker's right to its files, as a context manager around all of its work.

    ``worker`` is its name in the status directory (``ingest-binance``, ``normalize``, ``sync``). The kernel
    frees the lock when the process ends, however it ends; the file stays and means nothing. Entering
    raises `AlreadyRunning`, and `OSError` if ``data_dir`` cannot be written.
    """

    def __init__(self, layout: Layout, worker: str) -> None:
        self._layout = layout
        self._worker = worker
        self._descriptor = -1

    def __enter__(self) -> WorkerLock:
        make_directories(self._layout.status)
        path = self._layout.status / f".{self._worker}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRunning(
                f"{self._layout.data_dir}: {self._worker} already runs here, as the process with pid "
                f"{holder}. Stop that one first, or give this one another data_dir"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        self._descriptor = descriptor
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        self._descriptor = -1
