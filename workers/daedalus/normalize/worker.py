"""The normalizer: takes what lies in ``raw/ready``, partition by partition, oldest segment first."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

from msgspec import Struct
from msgspec.structs import asdict

from ..exchanges import VENUES
from ..exchanges.base import Venue
from ..notify import Notifier
from ..store.layout import READY, Layout, Partition, SegmentId
from ..store.lock import WorkerLock
from ..store.status import UNTOLD, Setup, Status, boot_id, write_status
from .carry import prune_carries
from .segment import DamagedSegment, Interrupted, normalize_segment, set_aside

__all__ = ["Progress", "normalize_ready", "run_normalize"]

log = logging.getLogger(__name__)

STATUS_SECONDS = 3.0


class Progress(Struct):
    """What was done since the start. ``trouble`` names what could not be done in the last round, and why."""

    segments: int = 0
    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0
    damaged: int = 0
    waiting: int = 0
    trouble: str = ""


def normalize_ready(
    layout: Layout,
    progress: Progress | None = None,
    *,
    venues: Mapping[str, Venue] = VENUES,
    go_on: Callable[[], bool] = lambda: True,
) -> Progress:
    """Do every segment that lies in ``raw/ready`` now; add to ``progress`` and return it.

    ``go_on`` is asked every few thousand rows and ends the round when it returns False. A segment that
    cannot be done holds back the later ones of its partition, never those of another.
    """
    progress = progress or Progress()
    progress.trouble = ""
    held: set[Partition] = set()
    segments = layout.raw_segments(READY)
    for position, segment in enumerate(segments):
        progress.waiting = len(segments) - position
        partition = segment.partition
        if partition in held:
            continue
        venue = venues.get(partition.exchange)
        try:
            done = venue is not None and _done(layout, segment, venue, progress, go_on)
        except Interrupted:
            break
        if done:
            prune_carries(layout, partition)
        else:
            held.add(partition)
            progress.trouble = progress.trouble or f"no venue is called {partition.exchange}"
    progress.waiting = len(layout.raw_segments(READY))
    return progress


def run_normalize(
    layout: Layout,
    interval: float = 2.0,
    stop: threading.Event | None = None,
    once: bool = False,
    setup: Setup = UNTOLD,
) -> Progress:
    """Normalize until ``stop`` is set (or, with ``once``, all that is there), looking every ``interval`` s.

    Says what it does in the status ``normalize``. Raises `AlreadyRunning` where another one is at work.
    """
    with WorkerLock(layout, "normalize"):
        return _run(layout, interval, stop or threading.Event(), once, setup)


def _run(layout: Layout, interval: float, stop: threading.Event, once: bool, setup: Setup) -> Progress:
    progress = Progress()
    voice = _Voice(layout, setup)
    _sweep(layout)

    def go_on() -> bool:
        voice.say(progress)
        return not stop.is_set()

    voice.ready(progress)
    while True:
        normalize_ready(layout, progress, go_on=go_on)
        if once or _wait(interval, stop, go_on):
            break
    voice.say(progress, state="stopped")
    return progress


def _wait(seconds: float, stop: threading.Event, go_on: Callable[[], bool]) -> bool:
    """Wait so long or for ``stop``, asking ``go_on`` on the way; whether it is to stop."""
    until = time.monotonic() + seconds
    while go_on() and (left := until - time.monotonic()) > 0:
        stop.wait(min(left, STATUS_SECONDS))
    return stop.is_set()


class _Voice:
    """Writes the worker's status, every few seconds and at each change of its state."""

    def __init__(self, layout: Layout, setup: Setup) -> None:
        self._directory = layout.status
        self._setup = setup
        self._boot_id = boot_id()
        self._started_ns = time.time_ns()
        self._said_at = -STATUS_SECONDS
        self._said_state = ""
        self._notifier = Notifier.from_environment()

    def ready(self, progress: Progress) -> None:
        """Say for the first time that the work goes on."""
        self._notifier.ready()
        self.say(progress)

    def say(self, progress: Progress, state: str | None = None) -> None:
        state = state or ("blocked" if progress.trouble else "running")
        now = time.monotonic()
        if state == self._said_state and now - self._said_at < STATUS_SECONDS:
            return
        self._said_at, self._said_state = now, state
        line = progress.trouble or (
            f"{progress.segments} segments done, {progress.waiting} waiting, gaps {progress.gaps}"
        )
        (self._notifier.stopping if state == "stopped" else self._notifier.alive)(line)
        figures = {
            "segments": progress.segments,
            "segments_waiting": progress.waiting,
            "messages": progress.messages,
            "rows": progress.rows,
            "duplicates": progress.duplicates,
            "undecodable": progress.undecodable,
            "gaps": progress.gaps,
            "damaged": progress.damaged,
        }
        status = Status(
            **asdict(self._setup),
            worker="normalize",
            pid=os.getpid(),
            boot_id=self._boot_id,
            started_ns=self._started_ns,
            updated_ns=time.time_ns(),
            state=state,
            note=progress.trouble,
            figures={name: float(value) for name, value in figures.items()},
        )
        try:
            write_status(self._directory, status)
        except OSError as error:
            log.error("cannot write the status of normalize: %s", error)


def _done(
    layout: Layout, segment: SegmentId, venue: Venue, progress: Progress, go_on: Callable[[], bool]
) -> bool:
    """Do one segment; False if it has to stay where it is."""
    try:
        counts = normalize_segment(layout, segment, venue, go_on)
    except DamagedSegment as damage:
        kept = set_aside(layout, segment)
        log.error("%s; moved to %s", damage, kept)
        progress.damaged += 1
        return True
    except Interrupted:
        raise
    except Exception as error:
        # One segment that brings out a fault of ours must not stop the others; it stays and is tried again.
        progress.trouble = f"{segment.sealed_path}: {type(error).__name__}: {error}"
        log.exception("cannot normalize %s; it stays in raw/ready", segment.sealed_path)
        return False
    progress.segments += 1
    progress.messages += counts.messages
    progress.rows += counts.rows
    progress.duplicates += counts.duplicates
    progress.undecodable += counts.undecodable
    progress.gaps += counts.gaps
    log.info(
        "%s: %d messages, %d rows, %d duplicates, %d undecodable, %d gaps",
        segment.sealed_path,
        counts.messages,
        counts.rows,
        counts.duplicates,
        counts.undecodable,
        counts.gaps,
    )
    return True


def _sweep(layout: Layout) -> None:
    """Remove what an earlier run left half written; it is written again from raw."""
    if layout.tables_active.is_dir():
        for path in layout.tables_active.glob("*.parquet"):
            path.unlink()
