"""The normalizer: takes what lies in ``raw/ready``, a segment of each partition in turn, the oldest first."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from ..exchanges import EXCHANGES
from ..exchanges.model import Exchange
from ..store.layout import READY, Layout, Partition, SegmentId
from ..store.left_behind import seal_orphans
from ..worker.shell import Shell
from ..worker.status import UNTOLD, Setup
from .backoff import Held, reason
from .checkpoint_files import prune_checkpoints
from .damaged import set_aside, take_in_again
from .progress import Progress
from .read import DamagedSegment
from .segment import Interrupted, normalize_segment

__all__ = ["Progress", "normalize_ready", "run_normalize"]

log = logging.getLogger(__name__)

ROUND_SECONDS = 30.0
"""After so long the worker looks anew at what waits: what is new has its turn within a long backlog."""

ORPHANS_SECONDS = 300.0


def normalize_ready(
    layout: Layout,
    progress: Progress | None = None,
    *,
    exchanges: Mapping[str, Exchange] = EXCHANGES,
    go_on: Callable[[], bool] = lambda: True,
    held: Held | None = None,
    seconds: float | None = None,
) -> Progress:
    """Do every segment that lies in ``raw/ready`` now; add to ``progress`` and return it.

    ``go_on`` is asked every few thousand rows and ends the round when it returns False; so do ``seconds``,
    after the segment under way. A segment that cannot be done holds back the later ones of its partition,
    never those of another.
    """
    progress, held = progress or Progress(), held or Held()
    until = None if seconds is None else time.monotonic() + seconds
    segments = _looked(layout, held)
    done: set[Partition] = set()
    skipped = 0
    for count, segment in enumerate(_in_turn(segments)):
        progress.waiting = len(segments) - count + skipped
        progress.trouble = held.trouble
        partition = segment.partition
        if held.holds(partition):
            skipped += 1
            continue
        if until is not None and done and time.monotonic() >= until:
            break
        try:
            _do(layout, segment, exchanges.get(partition.exchange), progress, go_on)
            held.done(partition)
            done.add(partition)
        except Interrupted:
            break
        except Exception as error:
            # Whatever it is, it must not stop the others; the segment stays and is tried again.
            _hold(held, segment, error)
    for partition in sorted(done):
        try:
            prune_checkpoints(layout, partition)
        except OSError as error:
            log.warning("old files of tables/carry stay: %s", reason(error))
    progress.waiting = len(_looked(layout, held))
    progress.trouble = held.trouble
    return progress


def _looked(layout: Layout, held: Held) -> list[SegmentId]:
    denied: list[OSError] = []
    segments = layout.raw_segments(READY, denied=denied)
    held.unreadable(layout.raw(READY), denied)
    return segments


def _in_turn(segments: Sequence[SegmentId]) -> Iterator[SegmentId]:
    """One segment of each partition after the other, so that no backlog keeps the others waiting."""
    queues: dict[Partition, deque[SegmentId]] = {}
    for segment in segments:
        queues.setdefault(segment.partition, deque()).append(segment)
    while queues:
        for partition, queue in list(queues.items()):
            yield queue.popleft()
            if not queue:
                del queues[partition]


def _hold(held: Held, segment: SegmentId, error: Exception) -> None:
    path = segment.sealed_path
    if isinstance(error, _UnknownExchange):
        why = str(error)
    elif isinstance(error, OSError | MemoryError):
        why = f"{path} waits: {reason(error)}"
    else:  # a fault of ours
        why = f"{path}: {reason(error)}"
        if held.failed(segment.partition, why):
            log.error("cannot normalize %s; it stays in raw/ready", path, exc_info=error)
        return
    if held.failed(segment.partition, why):
        log.error("%s. It stays in raw/ready and is tried again; the other channels go on", why)


class _UnknownExchange(Exception):  # noqa: N818 - the name says the whole error
    """A partition of an exchange that nobody knows."""


def run_normalize(
    layout: Layout,
    interval: float = 2.0,
    stop: threading.Event | None = None,
    once: bool = False,
    setup: Setup = UNTOLD,
    retry_damaged: bool = False,
    recorded: Collection[str] | None = None,
) -> Progress:
    """Normalize until ``stop`` is set, looking every ``interval`` seconds; with ``once`` all that is there.

    ``retry_damaged``: first take in again what was set aside. ``recorded``: the exchanges of the
    configuration; what a killed recorder of any other left active is sealed here, as no recorder will do it.
    Raises `AlreadyRunning` where another normalizer is at work.
    """
    with Shell(layout, "normalize", setup, stop) as shell:
        if retry_damaged:
            for segment in take_in_again(layout):
                log.info("%s is taken in again", segment.sealed_path)
        return _run(shell, interval, once, recorded)


def _run(shell: Shell, interval: float, once: bool, recorded: Collection[str] | None) -> Progress:
    layout, progress, held = shell.layout, Progress(), Held()
    _sweep(layout)

    def go_on() -> bool:
        if shell.due(progress.state):
            shell.say(progress.status(shell.process, progress.state), progress.line)
        return not shell.stop.is_set()

    shell.ready()
    go_on()
    orphans_at = time.monotonic()
    while True:
        if recorded is not None and time.monotonic() >= orphans_at:
            orphans_at = time.monotonic() + ORPHANS_SECONDS
            _adopt(layout, recorded, go_on)
        before = progress.segments + progress.damaged
        normalize_ready(layout, progress, go_on=go_on, held=held, seconds=ROUND_SECONDS)
        if progress.segments + progress.damaged > before and go_on():
            continue  # there may be more, and what came meanwhile
        if once or shell.wait(interval, go_on):
            break
    shell.say(progress.status(shell.process, "stopped"), progress.line)
    return progress


def _adopt(layout: Layout, recorded: Collection[str], go_on: Callable[[], bool]) -> None:
    try:
        seal_orphans(layout, recorded, cancelled=lambda: not go_on())
    except OSError as error:
        log.error("cannot look for what nobody records any more: %s", reason(error))


def _do(
    layout: Layout,
    segment: SegmentId,
    exchange: Exchange | None,
    progress: Progress,
    go_on: Callable[[], bool],
) -> None:
    """Do one segment, or set it aside where its bytes are damaged."""
    if exchange is None:
        raise _UnknownExchange(f"no exchange is called {segment.partition.exchange}")
    try:
        counts = normalize_segment(layout, segment, exchange, go_on)
    except DamagedSegment as damage:
        kept = set_aside(layout, segment)
        log.error("%s; moved to %s", damage, kept)
        progress.damaged += 1
        return
    if counts.in_the_middle:
        log.warning(
            "%s goes on with streams of which nothing before it is known here: what is missing before its "
            "first messages is not told, and its books have no digests until their next snapshots",
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


def _sweep(layout: Layout) -> None:
    """Remove what an earlier run left half written; it is written again from raw."""
    try:
        for path in layout.tables_active.glob("*.parquet"):
            path.unlink()
    except OSError as error:
        log.warning("what was left half written stays: %s", reason(error))
