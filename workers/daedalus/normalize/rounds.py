"""One round over ``raw/ready``: a segment of each partition in turn, the oldest first."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..exchanges import EXCHANGES
from ..exchanges.model import Exchange
from ..store.layout import READY, Layout, Partition, SegmentId
from .checkpoint_files import prune_checkpoints
from .damaged import set_aside
from .progress import Progress
from .read import DamagedSegmentError
from .segment import Interrupted, normalize_segment
from .waiting_partitions import WaitingPartitions, reason

__all__ = ["normalize_ready"]

log = logging.getLogger("daedalus.normalize.worker")


def normalize_ready(
    layout: Layout,
    progress: Progress | None = None,
    *,
    exchanges: Mapping[str, Exchange] = EXCHANGES,
    go_on: Callable[[], bool] = lambda: True,
    waiting: WaitingPartitions | None = None,
    seconds: float | None = None,
) -> Progress:
    """Normalize every segment that lies in ``raw/ready`` now; add to ``progress`` and return it.

    ``go_on`` is called every few thousand rows; False ends the round at once. After ``seconds`` the round
    ends with the segment under way. A segment that fails holds back the later ones of its partition, and no
    others.
    """
    progress, waiting = progress or Progress(), waiting or WaitingPartitions()
    until = None if seconds is None else time.monotonic() + seconds
    segments = _ready_segments(layout, waiting)
    done: set[Partition] = set()
    skipped = 0
    for count, segment in enumerate(_in_turn(segments)):
        progress.waiting = len(segments) - count + skipped
        progress.trouble = waiting.trouble
        partition = segment.partition
        if waiting.waits(partition):
            skipped += 1
            continue
        if until is not None and done and time.monotonic() >= until:
            break
        try:
            _normalize_one(layout, segment, exchanges.get(partition.exchange), progress, go_on)
            waiting.done(partition)
            done.add(partition)
        except Interrupted:
            break
        except Exception as error:
            # Whatever it is, it must not stop the other partitions. The segment stays and is tried again.
            _postpone(waiting, segment, error)
    for partition in sorted(done):
        try:
            prune_checkpoints(layout, partition)
        except OSError as error:
            log.warning("old checkpoints in tables/carry are not deleted: %s", reason(error))
    progress.waiting = len(_ready_segments(layout, waiting))
    progress.trouble = waiting.trouble
    return progress


def _ready_segments(layout: Layout, waiting: WaitingPartitions) -> list[SegmentId]:
    denied: list[OSError] = []
    segments = layout.raw_segments(READY, denied=denied)
    waiting.unreadable(layout.raw(READY), denied)
    return segments


def _in_turn(segments: Sequence[SegmentId]) -> Iterator[SegmentId]:
    """One segment of each partition in turn, so that no backlog keeps the others waiting."""
    queues: dict[Partition, deque[SegmentId]] = {}
    for segment in segments:
        queues.setdefault(segment.partition, deque()).append(segment)
    while queues:
        for partition, queue in list(queues.items()):
            yield queue.popleft()
            if not queue:
                del queues[partition]


def _postpone(waiting: WaitingPartitions, segment: SegmentId, error: Exception) -> None:
    path = segment.sealed_path
    if isinstance(error, _UnknownExchangeError):
        why = str(error)
    elif isinstance(error, OSError | MemoryError):
        why = f"{path} waits: {reason(error)}"
    else:  # a bug
        why = f"{path}: {reason(error)}"
        if waiting.failed(segment.partition, why):
            log.error("cannot normalize %s; it stays in raw/ready", path, exc_info=error)
        return
    if waiting.failed(segment.partition, why):
        log.error("%s. It stays in raw/ready and is tried again; other channels go on", why)


class _UnknownExchangeError(Exception):
    """A partition of an exchange that nobody knows."""


def _normalize_one(
    layout: Layout,
    segment: SegmentId,
    exchange: Exchange | None,
    progress: Progress,
    go_on: Callable[[], bool],
) -> None:
    """Normalize one segment, or set it aside if its bytes are damaged."""
    if exchange is None:
        raise _UnknownExchangeError(f"no exchange is called {segment.partition.exchange}")
    try:
        counts = normalize_segment(layout, segment, exchange, go_on)
    except DamagedSegmentError as damage:
        kept = set_aside(layout, segment)
        log.error("%s; moved to %s", damage, kept)
        progress.damaged += 1
        return
    if counts.in_the_middle:
        log.warning(
            "%s continues streams whose checkpoint is missing: gaps before its first messages are not in the "
            "ledger, and its books have no digests until their next snapshots",
            segment.sealed_path,
        )
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
