"""The watchdog's own status file, as every worker has one."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import asdict

from ..store.status import Setup, Status, write_status

__all__ = ["WORKER", "StatusWriter"]

WORKER = "watchdog"


class StatusWriter:
    """Writes ``<directory>/watchdog.json``."""

    def __init__(self, directory: Path, boot_id: str, setup: Setup) -> None:
        self._directory = directory
        self._boot_id = boot_id
        self._setup = setup
        self._started_ns = time.time_ns()

    def write(self, state: str, note: str, figures: Mapping[str, float]) -> None:
        """Write it now. A disk that takes nothing is a problem of its own, and told as one."""
        status = Status(
            **asdict(self._setup),
            worker=WORKER,
            pid=os.getpid(),
            boot_id=self._boot_id,
            started_ns=self._started_ns,
            updated_ns=time.time_ns(),
            state=state,
            note=note,
            figures=figures,
        )
        with contextlib.suppress(OSError):
            write_status(self._directory, status)
