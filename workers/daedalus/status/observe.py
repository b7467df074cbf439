"""Reads the status files, and asks the system which of their processes are alive."""

from __future__ import annotations

import time

import psutil

from .. import host
from ..config import Config
from ..store.layout import Layout
from ..worker.status import AnyStatus, read_statuses
from .installed import differences
from .view import Row, held_up, view

__all__ = ["observe", "process_lives"]

CLOCK_SLACK_SECONDS = 2.0


def observe(config: Config) -> list[Row]:
    """One row for each worker that this configuration needs, then for each other with a status file."""
    layout = Layout(config.data_dir)
    statuses = read_statuses(layout.status)
    rows = view(
        statuses,
        config.workers,
        now_ns=time.time_ns(),
        boot_id=host.boot_id(),
        alive=process_lives,
        differs=differences(config),
    )
    # A write is tried only if something is wrong: looking must not wear out the card.
    writing = host.try_writing(layout.written, probe=any(not row.well for row in rows))
    return held_up(rows, writing.found if writing.broken else "")


def process_lives(status: AnyStatus) -> bool:
    """Whether the worker's process is alive. A process that began after the last status only has its pid."""
    try:
        began = psutil.Process(status.process.pid).create_time()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    return bool(began <= status.updated_ns / 1e9 + CLOCK_SLACK_SECONDS)
