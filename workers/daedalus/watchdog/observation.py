"""What one look found. Values only: the judgement is `decide`'s.

Bytes, seconds, degrees Celsius. None: not known, or not a thing of this worker or machine.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = ["Limits", "MachineSeen", "MemorySeen", "Observation", "WorkerSeen"]


class Limits(Struct, frozen=True, kw_only=True):
    """Where the owner draws the lines. ``min_free``: of the disk, below it recording waits."""

    memory_warn: int
    memory_restart: int
    min_free: int
    repeat_seconds: float


class MemorySeen(Struct, frozen=True, kw_only=True):
    """A worker's memory. Without a control group only ``used`` is known: resident and swapped."""

    used: int
    high: int | None = None
    throttled: int = 0
    oom_kills: int = 0
    stalled_percent: float = 0.0


class WorkerSeen(Struct, frozen=True, kw_only=True):
    """One worker. ``state`` as `daedalus status` has it; ``unit``: what systemd calls it, or ""."""

    worker: str
    state: str
    pid: int | None = None
    unit: str = ""
    note: str = ""
    started_ns: int = 0
    memory: MemorySeen | None = None
    silent_seconds: float | None = None
    """Since the last message of the exchange, or since the start where none came yet; ingest alone."""
    heard: bool = False
    """Whether any message came since it was started."""
    reconnects: int = 0
    connected: int = 0
    unrecorded: int = 0
    """Streams that are configured and bring nothing: left out, or fallen silent; ``note`` names them."""

    @property
    def works(self) -> bool:
        return self.state in ("running", "blocked")


class MachineSeen(Struct, frozen=True, kw_only=True):
    """The machine that they share."""

    disk_free: int | None = None
    read_only: bool = False
    unwritable: str = ""
    """Why nothing can be written in data_dir, in words: read-only, full, an error, not for this user."""
    clock_synchronized: bool | None = None
    clock_offset: float | None = None
    temperature: float | None = None
    undervoltage: bool = False
    throttled: bool = False
    oom_kills: int | None = None
    disk_errors: tuple[str, ...] = ()
    """What the kernel said of dying cards and disks since the last look."""
    kernel_cursor: str = ""
    closed: tuple[str, ...] = ()
    """What waits in directories and files that we may not read."""

    @property
    def takes_writes(self) -> bool:
        return not (self.read_only or self.unwritable)


class Observation(Struct, frozen=True, kw_only=True):
    """One look. ``at``: seconds of the monotonic clock; ``now_ns``: the same moment as UTC."""

    at: float
    now_ns: int
    boot_id: str
    workers: tuple[WorkerSeen, ...] = ()
    machine: MachineSeen = MachineSeen()
