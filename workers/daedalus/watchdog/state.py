"""The state of the watchdog: what it remembers from look to look, in a small file that survives its end.

Times are monotonic seconds, which a wrong clock cannot disturb. They mean nothing after a reboot, which keeps
only undelivered alerts and the problems that were told.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec
from msgspec import Struct

from ..store.files import read_json, write_atomic
from .spare import spare_directories, spare_directory

__all__ = ["OpenProblem", "State", "WorkerState", "load_state", "save_state"]

FILE = "watchdog.json"


class WorkerState(Struct, frozen=True, kw_only=True):
    """One worker. ``starts``: when it was found to be a new process; ``restarts``: when it was restarted."""

    started_ns: int = 0
    throttled: int = 0
    oom_kills: int = 0
    reconnects: int = 0
    """The count when data last came."""
    starts: tuple[float, ...] = ()
    restarts: tuple[float, ...] = ()
    deaf: bool = False
    """Whether it received nothing at the last look. Only a message ends this, not a new process."""
    revived: bool = False
    """Whether it was restarted for a silence that still lasts."""


class OpenProblem(Struct, frozen=True, kw_only=True):
    """A problem from its first sight to its end. ``told``: when it was last told; None: not yet."""

    text: str
    critical: bool
    first_ns: int
    first: float
    last: float
    told: float | None = None
    momentary: bool = False


class State(Struct, frozen=True, kw_only=True):
    """All of it. ``at``: of the last look; None before the first of this boot."""

    boot_id: str = ""
    at: float | None = None
    now_ns: int = 0
    machine_oom_kills: int | None = None
    kernel_cursor: str = ""
    workers: dict[str, WorkerState] = {}
    problems: dict[str, OpenProblem] = {}
    undelivered: tuple[str, ...] = ()

    def read_up_to(self, boot_id: str) -> str | None:
        """How far the kernel's log was read: "" in a new boot, None if it was never read."""
        if self.boot_id and self.boot_id != boot_id:
            return ""
        return self.kernel_cursor or None

    def in_boot(self, boot_id: str) -> State:
        """The same state, or what a reboot leaves of it."""
        if self.boot_id == boot_id:
            return self
        problems = {
            key: msgspec.structs.replace(each, first=0.0, last=0.0, told=None if each.told is None else 0.0)
            for key, each in self.problems.items()
            if not each.momentary
        }
        return State(boot_id=boot_id, problems=problems, undelivered=self.undelivered)


def load_state(data_dir: Path) -> State:
    """The state of the watchdog of ``data_dir``; an empty one if none can be read."""
    # A spare file was written while the disk took no writes, so it is the newest.
    for directory in (*spare_directories(data_dir), data_dir):
        if (state := read_json(directory / FILE, State)) is not None:
            return state
    return State()


def save_state(data_dir: Path, state: State, *, takes_writes: bool = True) -> None:
    """Write the state to ``data_dir``, or, if that takes no writes, to the memory of the machine."""
    content = msgspec.json.encode(state)
    if takes_writes and _written(data_dir, content):
        for directory in spare_directories(data_dir):
            with contextlib.suppress(OSError):
                (directory / FILE).unlink(missing_ok=True)
    elif (spare := spare_directory(data_dir)) is not None:
        _written(spare, content)


def _written(directory: Path, content: bytes) -> bool:
    try:
        write_atomic(directory / FILE, content, durable=False)
    except OSError:
        return False
    return True
