"""`Sealer`: seals closed segments one after the other, in a thread of low priority.

Segments of one partition are always sealed in order. One that cannot be sealed now holds up its own partition
only.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time

import pyarrow as pa

from .disk import explain
from .layout import Layout, Partition, SegmentId
from .seal import SealCancelled, seal

__all__ = ["Sealer"]

log = logging.getLogger(__name__)

_NICER = 10
_RETRY_SECONDS = 5.0


class Sealer:
    """The queue of segments to seal, and its thread. A seal that fails is tried again.

    Every method may be called from any thread. ``trouble``: why a segment cannot be sealed, or None.
    """

    def __init__(self, layout: Layout) -> None:
        self.sealed = 0
        self.trouble: str | None = None
        self._layout = layout
        self._queue: list[SegmentId] = []
        self._not_before: dict[Partition, float] = {}  # of partitions whose first segment failed
        self._changed = threading.Condition()
        self._finishing = False
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def backlog(self) -> int:
        """How many segments wait, including the one being sealed."""
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
        """Seal what waits and end the thread; the segments not sealed in time, whose files are safe."""
        with self._changed:
            self._finishing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_seconds)
            with self._changed:
                self._cancelled.set()
                self._changed.notify_all()
            self._thread.join(1.0)  # a batch takes milliseconds; a hanging fsync is not waited for
        return tuple(self._queue)

    def _run(self) -> None:
        with contextlib.suppress(OSError):  # without the permission, sealing runs at normal priority
            thread = threading.get_native_id()
            niceness = os.getpriority(os.PRIO_PROCESS, thread) + _NICER
            os.setpriority(os.PRIO_PROCESS, thread, min(19, niceness))
        while (segment := self._next()) is not None:
            self._seal(segment)
            # Else freed row groups stay with the allocator until the next seal.
            pa.default_memory_pool().release_unused()

    def _next(self) -> SegmentId | None:
        """Wait for a segment that may be sealed now; None at the end."""
        with self._changed:
            while not self._cancelled.is_set():
                now = time.monotonic()
                due = {each: self._not_before.get(each.partition, 0.0) for each in self._queue}
                for segment, not_before in due.items():
                    if not_before <= now:
                        return segment
                if self._finishing and not due:
                    return None
                self._changed.wait(min(due.values()) - now if due else None)
        return None

    def _seal(self, segment: SegmentId) -> None:
        """Seal the first segment of a partition, or postpone the partition."""
        try:
            sealed = seal(self._layout, segment, cancelled=self._cancelled.is_set)
        except SealCancelled:
            return
        except OSError as error:
            self._put_off(segment, explain(error, self._layout.data_dir))
        except Exception as error:  # the thread must go on: the file is still there
            self._put_off(segment, f"sealing {segment.active_name} failed: {error!r}")
        else:
            for path in sealed.damaged:
                size = path.stat().st_size
                log.error("%d bytes of %s are damaged; kept as %s", size, segment.active_name, path)
            self.sealed += 1
            with self._changed:
                self._queue.remove(segment)
                if self._not_before.pop(segment.partition, None) is not None:
                    log.info("sealed %s after all", segment.active_name)
                if not self._not_before:
                    self.trouble = None

    def _put_off(self, segment: SegmentId, problem: str) -> None:
        if segment.partition not in self._not_before:
            log.warning("cannot seal %s, trying again every few seconds: %s", segment.active_name, problem)
        with self._changed:
            self.trouble = problem
            self._not_before[segment.partition] = time.monotonic() + _RETRY_SECONDS
