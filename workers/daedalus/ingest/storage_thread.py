"""The storage thread: gives the writer its turns, so that a slow disk never holds up the sockets."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from ..config import Writer as WriterConfig
from ..store import Closing, StreamingParquetWriter, WriterLimits
from .wire.client import LATEST_SECONDS

__all__ = ["StorageThread", "limits_of"]

log = logging.getLogger("daedalus.ingest.storage_thread")

TURN_SECONDS = 0.25

_BEFORE_A_FLUSH_SECONDS = LATEST_SECONDS + TURN_SECONDS
"""How long a message may wait in its connection and for the writer's turn."""


def limits_of(writer: WriterConfig) -> WriterLimits:
    """The writer's limits as configured. The flush interval includes the time before the writer's turn."""
    return WriterLimits(
        batch_size=writer.batch_size,
        batch_bytes=writer.batch_bytes,
        flush_interval_seconds=max(0.0, writer.flush_interval_seconds - _BEFORE_A_FLUSH_SECONDS),
        segment_max_bytes=writer.segment_max_bytes,
        min_free_bytes=writer.min_free_bytes,
    )


class StorageThread(threading.Thread):
    """Calls ``writer.work()`` four times a second, or as soon as ``wake`` is set, then ``after_turn``."""

    def __init__(
        self, writer: StreamingParquetWriter, wake: threading.Event, after_turn: Callable[[], None]
    ) -> None:
        super().__init__(name="storage")
        self._writer = writer
        self._wake = wake
        self._after_turn = after_turn
        self._close_timeout: float | None = None
        self.turns = 0
        """Grows while the thread works; stands still while it waits for a dead disk."""
        self.closing: Closing | None = None
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            while self._close_timeout is None:
                self._wake.wait(TURN_SECONDS)
                self._wake.clear()
                self._writer.work()
                self.turns += 1
                self._after_turn()
            self.closing = self._writer.close(self._close_timeout)
        except BaseException as error:
            # A bug, not a disk: the worker must end with the thread, and systemd starts it anew.
            log.exception("the storage thread failed")
            self.error = error
            self._after_turn()

    def finish(self, timeout_seconds: float) -> None:
        """Ask the thread to write and seal everything within this time, and to end. Join it afterwards."""
        self._close_timeout = timeout_seconds
        self._wake.set()
