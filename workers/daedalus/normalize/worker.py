"""The normalizer: round after round over ``raw/ready``, until it is told to stop."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

from ..store.layout import Layout
from ..store.left_behind import seal_orphans
from ..worker.shell import Shell
from ..worker.status import UNTOLD, Setup
from .damaged import take_back
from .progress import Progress
from .rounds import normalize_ready
from .waiting_partitions import WaitingPartitions, reason

__all__ = ["run_normalize"]

log = logging.getLogger(__name__)

ROUND_SECONDS = 30.0
"""After this time a round ends, so that new segments have their turn within a long backlog."""

ORPHANS_SECONDS = 300.0
"""How often segments of exchanges that nobody records any more are looked for."""


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

    ``retry_damaged``: first take back what was set aside. ``recorded``: the exchanges of the configuration.
    Segments that a killed recorder of any other exchange left active are sealed here; nobody else would.
    Raises `AlreadyRunningError` if another normalizer is at work.
    """
    with Shell(layout, "normalize", setup, stop) as shell:
        if retry_damaged:
            for segment in take_back(layout):
                log.info("%s is taken back", segment.sealed_path)
        return _run(shell, interval, once, recorded)


def _run(shell: Shell, interval: float, once: bool, recorded: Collection[str] | None) -> Progress:
    layout, progress, waiting = shell.layout, Progress(), WaitingPartitions()
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
        normalize_ready(layout, progress, go_on=go_on, waiting=waiting, seconds=ROUND_SECONDS)
        if progress.segments + progress.damaged > before and go_on():
            continue  # more may have come meanwhile
        if once or shell.wait(interval, go_on):
            break
    shell.say(progress.status(shell.process, "stopped"), progress.line)
    return progress


def _adopt(layout: Layout, recorded: Collection[str], go_on: Callable[[], bool]) -> None:
    try:
        seal_orphans(layout, recorded, cancelled=lambda: not go_on())
    except OSError as error:
        log.error("cannot look for segments that a killed recorder left: %s", reason(error))


def _sweep(layout: Layout) -> None:
    """Remove the tables that an earlier run left half written; they are written again from raw."""
    try:
        for path in layout.tables_active.glob("*.parquet"):
            path.unlink()
    except OSError as error:
        log.warning("tables that were left half written are not removed: %s", reason(error))
