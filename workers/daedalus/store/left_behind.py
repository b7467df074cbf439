"""Active files without a recorder: a killed one left them in ``raw/active/``.

The next recorder of the exchange seals them. At its start it only lists them: sealing an hour of data takes a
Pi a minute, in which nothing would be recorded. The sealing thread does it beside the recording, oldest
first, so that they reach ``raw/ready/`` before anything newer of their partition.

Where no recorder comes, because the exchange is no longer configured, normalize seals them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from .files import make_directories
from .layout import Layout, SegmentId
from .lock import AlreadyRunningError, WorkerLock
from .regular_files import is_regular
from .seal import SealCancelled, remove_unfinished, seal

__all__ = ["find_left_behind", "orphaned_exchanges", "seal_orphans"]

log = logging.getLogger(__name__)


def find_left_behind(layout: Layout, exchange: str) -> tuple[SegmentId, ...]:
    """What an earlier recorder of the exchange left, oldest first. Hold its `WorkerLock`.

    Raises `OSError` if ``raw/active/`` cannot be made or read.
    """
    make_directories(layout.active)
    remove_unfinished(layout, exchange)
    for path in sorted(layout.active.glob(f"{exchange}.*.arrows")):
        if not is_regular(path):
            log.error("%s is not a regular file and is left where it is: remove it", path)
    return tuple(layout.active_segments(exchange))


def orphaned_exchanges(layout: Layout, recorded: Collection[str]) -> list[str]:
    """The exchanges that have active files and are not ``recorded``. Raises `OSError`."""
    paths = layout.active.iterdir() if layout.active.is_dir() else ()
    found = (SegmentId.from_active(path.name) for path in paths)
    return sorted({each.partition.exchange for each in found if each is not None} - set(recorded))


def seal_orphans(
    layout: Layout, recorded: Collection[str], *, cancelled: Callable[[], bool] = lambda: False
) -> list[SegmentId]:
    """Seal the active files of exchanges that are not ``recorded``; which were sealed.

    Files of an exchange whose recorder runs after all are left to it. What cannot be sealed stays and is
    logged. Raises `OSError` if the directory cannot be read.
    """
    done: list[SegmentId] = []
    for exchange in orphaned_exchanges(layout, recorded):
        try:
            with WorkerLock(layout, f"ingest-{exchange}"):
                for segment in find_left_behind(layout, exchange):
                    seal(layout, segment, cancelled=cancelled)
                    done.append(segment)
        except (AlreadyRunningError, SealCancelled):
            continue
        except OSError as error:
            log.error("files of %s cannot be sealed and wait in %s: %s", exchange, layout.active, error)
    if done:
        log.info("sealed %d files of exchanges that are not recorded any more", len(done))
    return done
