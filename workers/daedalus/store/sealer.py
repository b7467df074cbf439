"""`Sealer`: seals closed segments one after the other, in a thread that gives way to receiving."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque

import pyarrow as pa

from .disk import explain
from .layout import Layout, SegmentId
from .seal import SealCancelled, seal

__all__ = ["Sealer"]

_logger = logging.getLogger(__name__)

_NICER = 10
_RETRY_SECONDS = 5.0
_LOG_EVERY_RETRIES = 60


class Sealer:
    """The queue of segments to seal, and its thread. A seal that fails is tried again, in order.

    Every method may be called from any thread. ``trouble``: why sealing does not get on, or None.
    """

    def __init__(self, layout: Layout) -> None:
        self.sealed = 0
        self.trouble: str | None = None
        self._layout = layout
        self._queue: deque[SegmentId] = deque()
        self._changed = threading.Condition()
        self._finishing = False
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def backlog(self) -> int:
        """How many segments wait, the one being sealed included."""
        return len(self._queue)

    def put(self, segment: SegmentId) -> None:
        """Hand over a segment whose file is closed."""
        with self._changed:
            self._queue.append(segment)
            self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
                self._thread.start()

    def finish(self, timeout_seconds: float) -> tuple[SegmentId, ...]:
        """Seal what waits and end the thread; what is not sealed in time. Their files are safe."""
        with self._changed:
            self._finishing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            self._cancelled.set()
            self._thread.join(1.0)  # a batch takes milliseconds; an fsync that hangs is not waited for
        return tuple(self._queue)

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # without the right to it, sealing runs at normal priority
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + _NICER
            os.setpriority(os.PRIO_PROCESS, thread, min(19, niceness))
        failures = 0
        while (segment := self._next()) is not None:
            problem = self._seal(segment)
            if problem is None:
                failures = 0
                continue
            if failures % _LOG_EVERY_RETRIES == 0:
                _logger.warning("cannot seal %s, trying again: %s", segment.active_name, problem)
            failures += 1
            self._cancelled.wait(_RETRY_SECONDS)

    def _next(self) -> SegmentId | None:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._finishing)
            return self._queue[0] if self._queue and not self._cancelled.is_set() else None

    def _seal(self, segment: SegmentId) -> str | None:
        """Seal the first in the queue; None when that is done, or why it could not be."""
        try:
            sealed = seal(self._layout, segment, cancelled=self._cancelled.is_set)
        except SealCancelled:
            return None
        except OSError as error:
            self.trouble = explain(error, self._layout.data_dir)
        except Exception as error:  # whatever it is, the thread must live: the file is still there
            _logger.exception("sealing %s failed", segment.active_name)
            self.trouble = f"sealing {segment.active_name} failed: {error!r}"
        else:
            for path in sealed.damaged:
                _logger.error("bytes of %s are no whole batch; kept as %s", segment.active_name, path)
            self.trouble = None
            self.sealed += 1
            with self._changed:
                self._queue.popleft()
        # Freed row groups would otherwise stay with the allocator until the next seal.
        pa.default_memory_pool().release_unused()
        return self.trouble
