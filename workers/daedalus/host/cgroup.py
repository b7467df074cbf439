"""What a unit's control group holds and what it really may: version 2 of the interface, read from files.

`systemctl show` prints the limits that a unit asks for. Where the kernel has no memory controller
(Raspberry Pi OS as it comes) they do not hold, in silence; only these files are proof.
Source: Documentation/admin-guide/cgroup-v2.rst of the kernel.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from .reading import pairs, text_of, whole_number

__all__ = ["CgroupMemory", "controllers", "own_cgroup", "read_memory"]

CGROUPS = "sys/fs/cgroup"


class CgroupMemory(Struct, frozen=True, kw_only=True):
    """A group's memory in bytes. A limit that is None is not set, or cannot be.

    ``cache``: the part of ``current`` that are pages of files, which the kernel takes back at any time.
    ``throttled``: how often its processes were made to wait at ``high``; ``oom_kills``: how many of them
    the kernel killed; both since the group was made. ``stalled_percent``: the share of the last minute
    in which some of it waited for memory.
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
        """What the processes hold, in memory or swap.

        Swap counts, as a leak held at ``high`` grows there alone. The cache does not: whoever writes
        files all day fills it up to any limit, and that is no leak.
        """
        return max(0, self.current - self.cache) + self.swap


def controllers(root: Path) -> frozenset[str] | None:
    """The controllers that this kernel offers; None where version 2 is not mounted."""
    text = text_of(root / CGROUPS / "cgroup.controllers")
    return None if text is None else frozenset(text.split())


def own_cgroup(pid: int, root: Path) -> str | None:
    """The path of the process's group, ``/daedalus.slice/daedalus-sync.service``; None without one."""
    for line in (text_of(root / "proc" / str(pid) / "cgroup") or "").splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::").removesuffix(" (deleted)")
    return None


def read_memory(group: str, root: Path) -> CgroupMemory | None:
    """The memory of a group given by its path; None where nothing counts it."""
    folder = root / CGROUPS / group.lstrip("/")
    current = whole_number(folder / "memory.current")
    if current is None:
        return None
    events, stat = pairs(folder / "memory.events"), pairs(folder / "memory.stat")
    return CgroupMemory(
        current=current,
        cache=stat.get("active_file", 0) + stat.get("inactive_file", 0),
        swap=whole_number(folder / "memory.swap.current") or 0,
        high=whole_number(folder / "memory.high"),  # the word "max" is no number: no limit
        max=whole_number(folder / "memory.max"),
        throttled=events.get("high", 0),
        oom_kills=events.get("oom_kill", 0),
        stalled_percent=_stalled(text_of(folder / "memory.pressure") or ""),
    )


def _stalled(pressure: str) -> float:
    found = re.search(r"^some .*\bavg60=(\d+\.\d+)", pressure, re.MULTILINE)
    return float(found[1]) if found else 0.0
