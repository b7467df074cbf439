"""Orphans: active files of an exchange that nobody records any more, left by a recorder that was killed.

A recorder seals what the one before it left. Where there is none to come, because the exchange was taken
out of the configuration, whoever makes tables does it, so that no row waits for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from .layout import Layout, SegmentId
from .lock import AlreadyRunning, WorkerLock
from .recovery import find_left_behind
from .seal import SealCancelled, seal

__all__ = ["orphaned_exchanges", "seal_orphans"]

_logger = logging.getLogger(__name__)


def orphaned_exchanges(layout: Layout, recorded: Collection[str]) -> list[str]:
    """The exchanges that have active files and are not among ``recorded``. Raises `OSError`."""
    paths = layout.active.iterdir() if layout.active.is_dir() else ()
    found = (SegmentId.from_active(path.name) for path in paths)
    return sorted({each.partition.exchange for each in found if each is not None} - set(recorded))


def seal_orphans(
    layout: Layout, recorded: Collection[str], *, cancelled: Callable[[], bool] = lambda: False
) -> list[SegmentId]:
    """Seal what is left of exchanges that are not ``recorded``; what was sealed.

    Where a recorder of such an exchange runs all the same, its files are left to it. What cannot be sealed
    stays, and is told. Raises `OSError` where the directory cannot be read.
    """
    done: list[SegmentId] = []
    for exchange in orphaned_exchanges(layout, recorded):
        try:
            with WorkerLock(layout, f"ingest-{exchange}"):
                for segment in find_left_behind(layout, exchange).segments:
                    seal(layout, segment, cancelled=cancelled)
                    done.append(segment)
        except (AlreadyRunning, SealCancelled):
            continue
        except OSError as error:
            _logger.error("what was recorded of %s waits in %s: %s", exchange, layout.active, error)
    if done:
        _logger.info("%d files of exchanges that nobody records any more are sealed", len(done))
    return done
