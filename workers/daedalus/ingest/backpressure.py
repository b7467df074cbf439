"""Backpressure: while too many records wait for the disk, nothing more is read from the exchange.

The kernel's buffers fill, and TCP slows the exchange down. Nothing is dropped on our side. An exchange that
does not wait closes the connection, and the ledger names the cause: overflow.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Protocol

from ..store.raw import RawRecord

__all__ = ["Backpressure", "Pausable", "Sink"]


class Sink(Protocol):
    """What is needed of the writer."""

    @property
    def waiting(self) -> int:
        """Records that were appended and are not in a file yet."""

    def append(self, record: RawRecord) -> None:
        """Take one record; never blocks."""


class Pausable(Protocol):
    """An open connection."""

    @property
    def heard_ns(self) -> int:
        """When the newest message came that it has handed over (UTC ns)."""

    def pause(self) -> None:
        """Stop reading."""

    def resume(self) -> None:
        """Read again."""


class Backpressure:
    """Pauses all open connections at ``queue_maxsize`` waiting records, resumes them at half of it.

    Belongs to the event loop's thread; other threads may only wait for ``wake``.
    """

    def __init__(self, sink: Sink, *, queue_maxsize: int, batch_size: int) -> None:
        self.wake = threading.Event()
        """Set when a batch is complete: the writer need not wait for its next turn."""
        self.pauses = 0
        """How many times reading was stopped."""
        self._sink = sink
        self._queue_maxsize = queue_maxsize
        self._batch_size = batch_size
        self._fresh = 0  # records since the writer was last woken
        self._open: set[Pausable] = set()
        self._room = asyncio.Event()
        self._room.set()

    @property
    def paused(self) -> bool:
        """Whether reading is stopped."""
        return not self._room.is_set()

    def opened(self, connection: Pausable) -> None:
        """A connection is open: it is paused and resumed with the others."""
        self._open.add(connection)
        if self.paused:
            connection.pause()

    def ended(self, connection: Pausable) -> None:
        """A connection has ended."""
        self._open.discard(connection)

    def heard_ns(self, now_ns: int) -> int:
        """Until when everything that came over the open connections was appended (UTC ns)."""
        return min((connection.heard_ns for connection in self._open), default=now_ns)

    def appended(self, count: int) -> None:
        """So many more records were appended: pause where too many wait."""
        self._fresh += count
        if self._fresh >= self._batch_size:
            self._fresh = 0
            self.wake.set()
        if self._sink.waiting >= self._queue_maxsize and self._room.is_set():
            self._room.clear()
            self.pauses += 1
            for connection in self._open:
                connection.pause()

    def written(self) -> None:
        """The writer has had a turn: resume where there is room."""
        if self.paused and self._sink.waiting <= self._queue_maxsize // 2:
            self._room.set()
            for connection in self._open:
                connection.resume()

    async def wait_for_room(self) -> None:
        """Wait until reading is not stopped."""
        await self._room.wait()
