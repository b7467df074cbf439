"""What sync says of itself: its status file every few seconds, its log when there is news."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

from msgspec.structs import asdict

from ..notify import Notifier
from ..store.status import Setup, Status, boot_id, write_status
from .retention import RetentionReport
from .transfer import Progress

__all__ = ["StatusWriter"]

REPEAT_SECONDS = 600.0
"""The same trouble is logged again after so long."""

_log = logging.getLogger(__name__)


class StatusWriter:
    """Writes the status ``<directory>/<worker>.json`` and the log."""

    def __init__(self, directory: Path, worker: str, status_seconds: float, setup: Setup) -> None:
        self._directory = directory
        self._worker = worker
        self._setup = setup
        self._status_seconds = status_seconds
        self._started_ns = time.time_ns()
        self._written = float("-inf")
        self._logged: dict[str, float] = {}
        self._before = (0, 0, 0)
        self._in_trouble = False
        self._notifier = Notifier.from_environment()

    def ready(self) -> None:
        """Say that the work begins; a store that is down must not fail the start."""
        self._notifier.ready()

    def write(
        self,
        state: str,
        progress: Progress,
        failing: int,
        retention: RetentionReport | None,
        *,
        now: bool,
    ) -> None:
        """Write the status, when the last one is old enough or ``now``."""
        if not now and time.monotonic() - self._written < self._status_seconds:
            return
        self._written = time.monotonic()
        line = progress.error or f"{progress.uploaded_files} files uploaded, {progress.files_waiting} waiting"
        (self._notifier.stopping if state == "stopped" else self._notifier.alive)(line)
        figures = {
            "files_waiting": progress.files_waiting,
            "bytes_waiting": progress.bytes_waiting,
            "uploaded_files": progress.uploaded_files,
            "uploaded_bytes": progress.uploaded_bytes,
            "unchanged_files": progress.unchanged_files,
            "replaced_files": progress.replaced_files,
            "last_upload_ns": progress.last_upload_ns,
            "failures": progress.failures,
            "files_failing": failing,
        }
        notes = [progress.error, progress.closed]
        if retention is not None:
            figures["disk_used_bytes"] = retention.used_bytes
            figures["disk_free_bytes"] = retention.free_bytes
            figures["over_budget_bytes"] = retention.missing_bytes
            notes.append(_over_budget(retention))
        status = Status(
            **asdict(self._setup),
            worker=self._worker,
            pid=os.getpid(),
            boot_id=boot_id(),
            started_ns=self._started_ns,
            updated_ns=time.time_ns(),
            state=state,
            note=" ".join(note for note in notes if note),
            figures=figures,
        )
        try:
            write_status(self._directory, status)
        except OSError as error:  # a full disk: making room on it is what this worker is for
            self._warn("status", f"cannot write the status in {self._directory}: {error.strerror}")

    def begin_pass(self, progress: Progress) -> None:
        """Remember where a pass began."""
        self._before = (progress.uploaded_files, progress.uploaded_bytes, progress.replaced_files)

    def end_pass(self, progress: Progress, retention: RetentionReport | None) -> None:
        """Log what a pass brought: a line at most for each thing there is to say."""
        files, size, replaced = self._before
        if progress.uploaded_files > files:
            sent = (progress.uploaded_bytes - size) / 1e6
            count = progress.uploaded_files - files
            _log.info("uploaded %d files, %.1f MB; %d wait", count, sent, progress.files_waiting)
        if progress.replaced_files > replaced:
            _log.warning(
                "%d objects were already there with another content and were replaced by ours, such as %s",
                progress.replaced_files - replaced,
                progress.replaced_last,
            )
        if progress.error:
            self._warn(progress.error_kind, progress.error)
        elif self._in_trouble:
            _log.info("the target works again; %d files wait", progress.files_waiting)
            self._logged.clear()
        self._in_trouble = bool(progress.error)
        if progress.closed:
            self._warn("closed", progress.closed)
        if retention is not None and (over := _over_budget(retention)):
            self._warn("budget", over)

    def _warn(self, kind: str, text: str) -> None:
        now = time.monotonic()
        if now - self._logged.get(kind, float("-inf")) >= REPEAT_SECONDS:
            self._logged[kind] = now
            _log.warning("%s", text)


def _over_budget(retention: RetentionReport) -> str:
    if not retention.missing_bytes:
        return ""
    return (
        f"The disk budget is exceeded by {retention.missing_bytes / 1e6:.1f} MB of data that the lake does "
        "not have yet, and nothing of it is deleted. Let it upload, or raise the budget."
    )
