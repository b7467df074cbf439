"""Recovery: what a killed recorder left in ``raw/active/`` is found when the next one starts.

Finding is all that the start waits for. Sealing an hour of data takes a Pi a minute, in which nothing
would be recorded, so the sealing thread does it beside the recording, oldest first: whatever was left
comes to ``raw/ready/`` before anything newer of its partition.
"""

from __future__ import annotations

import logging

from msgspec import Struct

from .files import make_directories
from .layout import Layout, SegmentId
from .regular import is_regular
from .seal import remove_unfinished

__all__ = ["Recovery", "find_left_behind"]

_logger = logging.getLogger(__name__)


class Recovery(Struct, frozen=True):
    """The ``segments`` left behind, oldest first."""

    segments: tuple[SegmentId, ...] = ()


def find_left_behind(layout: Layout, exchange: str) -> Recovery:
    """What an earlier recorder of the exchange left. No writer of it may run: hold its `WorkerLock`.

    Raises `OSError` if ``raw/active/`` cannot be made or read at all.
    """
    make_directories(layout.active)
    remove_unfinished(layout, exchange)
    for path in sorted(layout.active.glob(f"{exchange}.*.arrows")):
        if not is_regular(path):
            _logger.error("%s is no file of ours and stays where it is: remove what stands there", path)
    return Recovery(tuple(layout.active_segments(exchange)))
