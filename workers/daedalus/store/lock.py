"""The lock that keeps a second recorder of the same exchange out of the same ``data_dir``."""

from __future__ import annotations

import fcntl
import os
from types import TracebackType

from .files import PRIVATE_MODE, make_directories
from .layout import Layout

__all__ = ["AlreadyRecording", "ExchangeLock"]


class AlreadyRecording(Exception):  # noqa: N818 - the name says the whole error
    """Another process records this exchange into this ``data_dir``; the message names it."""


class ExchangeLock:
    """Held from before `recover` until after `close` of the exchange's writer, as a context manager.

    The kernel frees it when its process ends, however it ends; the file stays and means nothing.
    Entering raises `AlreadyRecording`, and `OSError` if ``data_dir`` cannot be written.
    """

    def __init__(self, layout: Layout, exchange: str) -> None:
        self._layout = layout
        self._exchange = exchange
        self._descriptor = -1

    def __enter__(self) -> ExchangeLock:
        make_directories(self._layout.active)
        path = self._layout.active / f".{self._exchange}.lock"
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise AlreadyRecording(
                f"{self._layout.data_dir}: {self._exchange} is already being recorded here by the process "
                f"with pid {holder}. Stop that one first, or give this one another data_dir"
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
