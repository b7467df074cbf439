"""What sync has done since its start, and what stands in its way."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..storage.errors import TargetError
from ..storage.target import Outcome, Receipt
from ..worker.status import Process, State, SyncStatus
from .plan import Upload
from .retention import RetentionReport

__all__ = ["Progress", "over_budget"]

MOST_PROVED = 3
"""At most this many keys of a pass are remembered as proved to be in the lake."""


@dataclass
class Progress:
    """``error``: why something waits that should not, or "". ``closed``: what cannot be looked into, or "".

    ``trouble`` is the error without the name of its file: two files with one trouble are one trouble.
    """

    files_waiting: int = 0
    bytes_waiting: int = 0
    uploaded_files: int = 0
    uploaded_bytes: int = 0
    unchanged_files: int = 0
    replaced_files: int = 0
    replaced_last: str = ""
    last_upload_ns: int = 0
    failures: int = 0
    error: str = ""
    trouble: str = ""
    closed: str = ""
    proved: list[str] = field(default_factory=list)

    def take_proved(self) -> tuple[str, ...]:
        """The newest keys that were proved to be in the lake since this was last asked."""
        proved, self.proved = tuple(self.proved), []
        return proved

    def count(self, planned: Sequence[Upload]) -> None:
        """Count what waits."""
        self.files_waiting = len(planned)
        self.bytes_waiting = sum(upload.bytes for upload in planned)

    def succeed(self, upload: Upload, receipt: Receipt) -> None:
        """The lake has the file."""
        self.files_waiting -= 1
        self.bytes_waiting -= upload.bytes
        self.last_upload_ns = time.time_ns()
        self.proved = [*self.proved[1 - MOST_PROVED :], upload.key]
        if receipt.outcome is Outcome.UNCHANGED:
            self.unchanged_files += 1
        else:
            self.uploaded_files += 1
            self.uploaded_bytes += receipt.bytes
        if receipt.outcome is Outcome.REPLACED:
            self.replaced_files += 1
            self.replaced_last = upload.key

    def fail(self, error: TargetError, upload: Upload | None = None) -> None:
        """The target failed, or one file did."""
        self.failures += 1
        self.error = self.trouble = str(error)
        if upload is not None:
            self.trouble = self.error.replace(str(upload.source), "").replace(upload.key, "")

    def recover(self) -> None:
        """Nothing fails any more."""
        self.error = self.trouble = ""

    @property
    def line(self) -> str:
        """How it goes, in one line for `systemctl status`."""
        return self.error or f"{self.uploaded_files} files uploaded, {self.files_waiting} waiting"

    def status(
        self, process: Process, state: State, failing: int, retention: RetentionReport | None
    ) -> SyncStatus:
        """The same as a status file has it. ``failing``: files whose last attempt failed."""
        notes = (self.error, self.closed, over_budget(retention))
        return SyncStatus(
            process=process,
            state=state,
            note=" ".join(note for note in notes if note),
            files_waiting=self.files_waiting,
            bytes_waiting=self.bytes_waiting,
            files_failing=failing,
            uploaded_files=self.uploaded_files,
            uploaded_bytes=self.uploaded_bytes,
            unchanged_files=self.unchanged_files,
            replaced_files=self.replaced_files,
            last_upload_ns=self.last_upload_ns,
            failures=self.failures,
            disk_used_bytes=retention.used_bytes if retention else None,
            disk_free_bytes=retention.free_bytes if retention else None,
            over_budget_bytes=retention.over_budget_bytes if retention else None,
        )


def over_budget(retention: RetentionReport | None) -> str:
    """What to say about an exceeded disk budget; "" while it is kept."""
    if retention is None or not retention.over_budget_bytes:
        return ""
    return (
        f"The disk budget is exceeded by {retention.over_budget_bytes / 1e6:.1f} MB that the lake does not "
        "have yet, so none of it is deleted. Let it upload, or raise the budget."
    )
