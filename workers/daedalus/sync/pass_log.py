"""What sync logs of a pass: what it brought, and each trouble when it is new."""

from __future__ import annotations

import logging

from ..units import counted
from ..worker.rate_limited_log import RateLimitedLog
from .progress import Progress, over_budget
from .retention import RetentionReport

__all__ = ["PassLog"]

REPEAT_SECONDS = 600.0
"""The same trouble is logged again after this time, another one at once."""

log = logging.getLogger(__name__)


class PassLog:
    """At most one line for each thing that a pass brought or met."""

    def __init__(self) -> None:
        self._troubles = RateLimitedLog(log, interval_seconds=REPEAT_SECONDS)
        self._before = (0, 0, 0)
        self._in_trouble = False

    def begin(self, progress: Progress) -> None:
        """Remember where a pass begins."""
        self._before = (progress.uploaded_files, progress.uploaded_bytes, progress.replaced_files)

    def end(self, progress: Progress, retention: RetentionReport | None) -> None:
        """Log what the pass brought."""
        files, size, replaced = self._before
        if progress.uploaded_files > files:
            sent = (progress.uploaded_bytes - size) / 1e6
            count = counted(progress.uploaded_files - files, "file", "files")
            log.info("uploaded %s, %.1f MB; %d wait", count, sent, progress.files_waiting)
        if progress.replaced_files > replaced:
            log.warning(
                "replaced %s that had another content, such as %s",
                counted(progress.replaced_files - replaced, "object", "objects"),
                progress.replaced_last,
            )
        if progress.error:
            self._troubles.warning(progress.trouble, "%s", progress.error)
        elif self._in_trouble:
            log.info("the target works again; %s waiting", counted(progress.files_waiting, "file", "files"))
            self._troubles.forget()
        self._in_trouble = bool(progress.error)
        if progress.closed:
            self._troubles.warning(progress.closed, "%s", progress.closed)
        if over := over_budget(retention):
            self._troubles.warning("budget", "%s", over)  # its number changes all the time
