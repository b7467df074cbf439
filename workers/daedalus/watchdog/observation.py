"""The observation: what one look found. Values only; `decide` draws the conclusions.

Bytes, seconds, degrees Celsius. None: not known, or not present on this worker or machine.
"""

from __future__ import annotations

from msgspec import Struct

from ..health.workers import Condition

__all__ = ["Limits", "MachineSeen", "MemorySeen", "Observation", "WorkerSeen"]


class Limits(Struct, frozen=True, kw_only=True):
    """The thresholds of the configuration. ``min_free``: bytes of disk below which recording waits."""

    memory_warn: int
    memory_restart: int
    min_free: int
    repeat_seconds: float


class MemorySeen(Struct, frozen=True, kw_only=True):
    """A worker's memory. Without a control group only ``used`` is known: resident plus swapped."""

    used: int
    high: int | None = None
    throttled: int = 0
    oom_kills: int = 0
    stalled_percent: float = 0.0


class WorkerSeen(Struct, frozen=True, kw_only=True):
    """One worker. ``unit``: its systemd unit, or ""."""

    worker: str
    state: Condition
    pid: int | None = None
    unit: str = ""
    note: str = ""
    started_ns: int = 0
    memory: MemorySeen | None = None
    silent_seconds: float | None = None
    """Since the last message, or since the start if none came yet; ingest only."""
    heard: bool = False
    """Whether any message came since the start."""
    reconnects: int = 0
    connected: int = 0
    unrecorded: int = 0
    """Configured streams that bring nothing: left out, or fallen silent. ``note`` names them."""

    @property
    def works(self) -> bool:
        return self.state in ("running", "blocked")


class MachineSeen(Struct, frozen=True, kw_only=True):
    """The machine."""

    disk_free: int | None = None
    read_only: bool = False
    unwritable: str = ""
    """Why nothing can be written in data_dir: read-only, full, an error, not for this user."""
    clock_synchronized: bool | None = None
    clock_offset: float | None = None
    temperature: float | None = None
    undervoltage: bool = False
    throttled: bool = False
    oom_kills: int | None = None
    disk_errors: tuple[str, ...] = ()
    """Kernel messages about dying cards and disks since the last look."""
    kernel_cursor: str = ""
    closed: tuple[str, ...] = ()
    """Waiting directories and files that this user may not read."""

    @property
    def takes_writes(self) -> bool:
        return not (self.read_only or self.unwritable)


class Observation(Struct, frozen=True, kw_only=True):
    """One look. ``at``: monotonic seconds; ``now_ns``: the same moment in UTC ns."""

    at: float
    now_ns: int
    boot_id: str
    workers: tuple[WorkerSeen, ...] = ()
    machine: MachineSeen = MachineSeen()
