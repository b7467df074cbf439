"""What each worker says of itself, for whoever looks on: one small JSON file a worker, replaced atomically.

Times are UTC ns. Counts are since the worker's start unless they speak of now.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from ..store.files import write_atomic
from ..store.regular_files import open_regular

__all__ = [
    "UNTOLD",
    "AnyStatus",
    "IngestStatus",
    "NormalizeStatus",
    "Process",
    "Setup",
    "State",
    "Status",
    "SyncStatus",
    "UnreadableStatus",
    "WatchdogStatus",
    "read_status",
    "read_statuses",
    "write_status",
]

State = Literal["running", "blocked", "stopped"]
"""``blocked``: it cannot go on for now, its note says why. ``stopped``: it ended in good order."""


class Setup(Struct, frozen=True, kw_only=True):
    """What a worker runs: its version, and the configuration that it read when it started.

    ``config_path`` is absolute, ``config_hash`` that of `daedalus.config.fingerprint`. All are "" where the
    worker was started without a configuration file.
    """

    config_path: str = ""
    config_hash: str = ""
    version: str = ""


UNTOLD = Setup()


class Process(Setup, frozen=True, kw_only=True):
    """The process behind a status. ``worker``: ``ingest-binance``, ``normalize``, ``sync``, ``watchdog``.

    ``boot_id`` tells a crash from a power cut when a status says running and its process is gone.
    """

    worker: str
    pid: Annotated[int, Meta(ge=0, lt=2**31)]
    boot_id: str
    started_ns: int


class Status(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What all workers say. ``note``: one line on what it does, or why it cannot.

    A status that says running but is old belongs to a worker that hangs or was killed.
    """

    process: Process
    state: State = "running"
    note: str = ""
    updated_ns: int = msgspec.field(default_factory=time.time_ns)

    @property
    def worker(self) -> str:
        return self.process.worker


class IngestStatus(Status, frozen=True, kw_only=True, tag="ingest"):
    """The recorder of one exchange."""

    messages: int = 0
    messages_per_second: float = 0.0
    received_bytes: int = 0
    received_bytes_per_second: float = 0.0
    last_message_ns: int = 0
    durable_ns: int = 0
    """When the last flush of all partitions ended; 0 before the first."""
    kept_ns: int = 0
    """Until when all that was received of every stream is on the disk."""
    served_ns: int = 0
    """When the first stream was proved to be served."""
    lag_p50_ns: int = 0
    lag_p99_ns: int = 0
    """Receive time minus the exchange's own, over the last messages."""
    connected: int = 0
    """Connections that are open now."""
    reconnects: int = 0
    pauses: int = 0
    """How often all reading stopped because the disk could not keep up."""
    gaps: int = 0
    missing_ids: int = 0
    filled_gaps: int = 0
    snapshots: int = 0
    snapshot_failures: int = 0
    books_without_snapshot: int = 0
    left_out_symbols: int = 0
    """Configured symbols that the exchange does not list."""
    silent_streams: int = 0
    """Streams that bring nothing while their channel goes on."""
    undelivered_streams: int = 0
    """Streams that were asked for long ago and have not brought anything yet."""
    oddities: dict[str, int] = {}
    """Messages that gave no row, by why: unknown, malformed, foreign, refused."""
    queued_rows: int = 0
    open_buffers: int = 0
    active_segments: int = 0
    sealed_segments: int = 0
    unsealed_segments: int = 0
    """Full segments that wait to be sealed."""
    rows_written: int = 0
    flushes: int = 0
    memory_cleanups: int = 0
    gc_collections: int = 0
    stale_counters_cleaned: int = 0
    stale_buffers_cleaned: int = 0
    rss_bytes: int = 0

    @property
    def unrecorded(self) -> int:
        """Streams that are configured and bring nothing: left out, or fallen silent."""
        return self.silent_streams + self.left_out_symbols


class NormalizeStatus(Status, frozen=True, kw_only=True, tag="normalize"):
    """The normalizer."""

    segments: int = 0
    segments_waiting: int = 0
    damaged: int = 0
    """Segments that were set aside."""
    messages: int = 0
    rows: int = 0
    duplicates: int = 0
    undecodable: int = 0
    gaps: int = 0


class SyncStatus(Status, frozen=True, kw_only=True, tag="sync"):
    """The uploader. The disk's numbers are None before the budget was looked at."""

    files_waiting: int = 0
    bytes_waiting: int = 0
    files_failing: int = 0
    """Waiting files whose last attempt failed."""
    uploaded_files: int = 0
    uploaded_bytes: int = 0
    unchanged_files: int = 0
    replaced_files: int = 0
    last_upload_ns: int = 0
    failures: int = 0
    disk_used_bytes: int | None = None
    disk_free_bytes: int | None = None
    over_budget_bytes: int | None = None


class WatchdogStatus(Status, frozen=True, kw_only=True, tag="watchdog"):
    """The watchdog. ``problems``: those that are open and were told."""

    looks: int = 0
    problems: int = 0
    restarts: int = 0
    alerts_sent: int = 0
    alerts_failed: int = 0
    undelivered_alerts: int = 0
    gc_collected: int = 0
    rss_bytes: int = 0


AnyStatus = IngestStatus | NormalizeStatus | SyncStatus | WatchdogStatus


class UnreadableStatus(Struct, frozen=True):
    """A status file that is damaged or of another version. ``why``: one line for people."""

    worker: str
    why: str


def write_status(directory: Path, status: AnyStatus) -> None:
    """Replace the worker's status file. Raises `OSError`. Not fsynced: a lost one is soon written again."""
    write_atomic(directory / f"{status.worker}.json", msgspec.json.encode(status), durable=False)


def read_status(directory: Path, worker: str) -> AnyStatus | UnreadableStatus | None:
    """The worker's last status; None where there is none. Raises nothing."""
    path = directory / f"{worker}.json"
    try:
        with open_regular(path) as file:
            status: AnyStatus | None = _DECODER.decode(file.read())
    except FileNotFoundError:
        return None
    except OSError as error:
        return UnreadableStatus(worker, f"{path} cannot be read: {error.strerror or error}")
    except (ValueError, RecursionError):  # also what is no UTF-8, and what is nested without end
        status = None
    if status is None or status.worker != worker:
        why = f"{path} is damaged or of another version. Restart {worker}: it writes the file anew"
        return UnreadableStatus(worker, why)
    return status


def read_statuses(directory: Path) -> list[AnyStatus | UnreadableStatus]:
    """All workers' statuses, by name."""
    names = sorted(path.stem for path in directory.glob("*.json"))
    return [status for name in names if (status := read_status(directory, name)) is not None]


_DECODER = msgspec.json.Decoder(AnyStatus)
