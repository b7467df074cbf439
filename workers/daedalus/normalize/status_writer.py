"""What the normalizer says of itself: its status file, and its word to systemd."""

from __future__ import annotations

import logging
import os
import time

from msgspec import Struct
from msgspec.structs import asdict

from ..notify import Notifier
from ..store.layout import Layout
from ..store.status import Setup, Status, boot_id, write_status

__all__ = ["STATUS_SECONDS", "Progress", "StatusWriter"]

log = logging.getLogger("daedalus.normalize.worker")

STATUS_SECONDS = 3.0


class Progress(Struct):
    """What was done since the start. ``trouble`` names what cannot be done for now, and why."""

    segments: int = 0
    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0
    damaged: int = 0
    waiting: int = 0
    trouble: str = ""


class StatusWriter:
    """Writes the worker's status, every few seconds and at each change of its state."""

    def __init__(self, layout: Layout, setup: Setup) -> None:
        self._directory = layout.status
        self._setup = setup
        self._boot_id = boot_id()
        self._started_ns = time.time_ns()
        self._written_at = -STATUS_SECONDS
        self._written_state = ""
        self._notifier = Notifier.from_environment()

    def ready(self, progress: Progress) -> None:
        """Say for the first time that the work goes on."""
        self._notifier.ready()
        self.write(progress)

    def write(self, progress: Progress, state: str | None = None) -> None:
        state = state or ("blocked" if progress.trouble else "running")
        now = time.monotonic()
        if state == self._written_state and now - self._written_at < STATUS_SECONDS:
            return
        self._written_at, self._written_state = now, state
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
            figures=figures,
        )
        try:
            write_status(self._directory, status)
        except OSError as error:
            log.error("cannot write the status of normalize: %s", error)
