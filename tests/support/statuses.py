"""Statuses of workers, as tests need them."""

from __future__ import annotations

import os
import time
from typing import Any

from daedalus import host
from daedalus.worker.status import (
    AnyStatus,
    IngestStatus,
    NormalizeStatus,
    Process,
    Setup,
    SyncStatus,
    WatchdogStatus,
)

__all__ = ["process_of", "status_of"]

_OF_PROCESS = ("pid", "boot_id", "started_ns", *Setup.__struct_fields__)
_KINDS = {"normalize": NormalizeStatus, "sync": SyncStatus, "watchdog": WatchdogStatus}


def process_of(worker: str, **fields: Any) -> Process:
    """This very process as a worker that starts now, but for ``fields``."""
    about = {"pid": os.getpid(), "boot_id": host.boot_id(), "started_ns": time.time_ns(), **fields}
    return Process(worker=worker, **about)


def status_of(worker: str, **fields: Any) -> AnyStatus:
    """A worker's status. ``fields``: of its process, and of the status itself."""
    about = {name: fields.pop(name) for name in _OF_PROCESS if name in fields}
    process = process_of(worker, **about)
    return _KINDS.get(worker, IngestStatus)(process=process, **fields)
