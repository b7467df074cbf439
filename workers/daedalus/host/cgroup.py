"""The memory of a unit's control group and its effective limits (cgroup v2, read from files).

`systemctl show` prints the limits that a unit asks for. On a kernel without the memory controller (the
default of Raspberry Pi OS) they silently have no effect; only these files show the limits that hold. Source:
Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from .reading import pairs, text_of, whole_number

__all__ = ["CgroupMemory", "controllers", "own_cgroup", "read_memory"]

CGROUPS = "sys/fs/cgroup"


class CgroupMemory(Struct, frozen=True, kw_only=True):
    """The memory of a group, in bytes. A limit is None if it is not set or not supported.

    ``cache``: the part of ``current`` that is file cache, which the kernel can reclaim at any time.
    ``throttled``: how often processes had to wait at ``high``; ``oom_kills``: processes killed by the kernel;
    both since the group was created. ``stalled_percent``: the share of the last minute in which some process
    waited for memory.
    """

    current: int
    cache: int = 0
    swap: int = 0
    high: int | None = None
    max: int | None = None
    throttled: int = 0
    oom_kills: int = 0
    stalled_percent: float = 0.0

    @property
    def used(self) -> int:
        """What the processes hold in memory and swap.

        Swap counts, because a leak that is held at ``high`` grows only there. The cache does not count:
        writing files all day fills it up to any limit, which is no leak.
        """
        return max(0, self.current - self.cache) + self.swap


def controllers(root: Path) -> frozenset[str] | None:
    """The controllers that this kernel offers; None if cgroup v2 is not mounted."""
    text = text_of(root / CGROUPS / "cgroup.controllers")
    return None if text is None else frozenset(text.split())


def own_cgroup(pid: int, root: Path) -> str | None:
    """The path of the group of a process, ``/daedalus.slice/daedalus-sync.service``; None without one."""
    for line in (text_of(root / "proc" / str(pid) / "cgroup") or "").splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::").removesuffix(" (deleted)")
    return None


def read_memory(group: str, root: Path) -> CgroupMemory | None:
    """The memory of a group, given by its path; None if it is not accounted."""
    folder = root / CGROUPS / group.lstrip("/")
    current = whole_number(folder / "memory.current")
    if current is None:
        return None
    events, stat = pairs(folder / "memory.events"), pairs(folder / "memory.stat")
    return CgroupMemory(
        current=current,
        cache=stat.get("active_file", 0) + stat.get("inactive_file", 0),
        swap=whole_number(folder / "memory.swap.current") or 0,
        high=whole_number(folder / "memory.high"),  # "max" is not a number: no limit
        max=whole_number(folder / "memory.max"),
        throttled=events.get("high", 0),
        oom_kills=events.get("oom_kill", 0),
        stalled_percent=_stalled(text_of(folder / "memory.pressure") or ""),
    )


def _stalled(pressure: str) -> float:
    found = re.search(r"^some .*\bavg60=(\d+\.\d+)", pressure, re.MULTILINE)
    return float(found[1]) if found else 0.0
