"""The lock that keeps a second worker of the same kind out of the same ``data_dir``."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from ..errors import LOCKED, DaedalusError
from .data_disk import require_disk
from .files import PRIVATE_MODE, make_directories
from .layout import Layout
from .regular_files import open_descriptor

__all__ = ["AlreadyRunningError", "WorkerLock"]


class AlreadyRunningError(DaedalusError):
    """Another process works on this ``data_dir``; the message names its pid."""

    exit_code = LOCKED


class WorkerLock:
    """One worker's right to its files, as a context manager around all of its work.

    ``worker`` is its name in the status directory (``ingest-binance``, ``normalize``, ``sync``). The kernel
    frees the lock when the process ends, however it ends; the files that stay mean nothing. There are two, in
    ``data_dir`` and in ``status/``: deleting one of them lets no second worker in. Entering raises
    `AlreadyRunningError`, and `OSError` if ``data_dir`` cannot be written or its disk is not mounted.
    """

    def __init__(self, layout: Layout, worker: str) -> None:
        self._layout = layout
        self._worker = worker
        self._descriptors: list[int] = []

    def __enter__(self) -> WorkerLock:
        require_disk(self._layout.data_dir)
        try:
            for directory in (self._layout.data_dir, self._layout.status):
                self._lock(directory)
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._release()

    def _lock(self, directory: Path) -> None:
        make_directories(directory)
        path = directory / f".{self._worker}.lock"
        descriptor = open_descriptor(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        self._descriptors.append(descriptor)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise AlreadyRunningError(
                f"{self._layout.data_dir}: {self._worker} already runs here, as the process with pid "
                f"{holder}. Stop it first, or use another data_dir"
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)

    def _release(self) -> None:
        while self._descriptors:
            os.close(self._descriptors.pop())
