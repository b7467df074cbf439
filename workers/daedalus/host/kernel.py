"""Memory, swap, mounts and out-of-memory kills, from /proc."""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePosixPath

from msgspec import Struct

from .reading import pairs, text_of

__all__ = [
    "Mount",
    "Swap",
    "boot_id",
    "device_of",
    "mount_of",
    "read_memory_total",
    "read_mounts",
    "read_oom_kills",
    "read_swapped",
    "read_swaps",
    "unmounted_above",
]

KIB = 1024
_READ_ONLY = frozenset(("ro", "emergency_ro", "shutdown"))


class Swap(Struct, frozen=True):
    """One swap area, in bytes. ``name``: a file, a partition, or /dev/zram0."""

    name: str
    size: int
    used: int


class Mount(Struct, frozen=True):
    """One mounted file system.

    ``options`` contains ``ro`` if it is mounted read-only. A file system that turned read-only by itself has
    ``emergency_ro`` (ext4 since Linux 6.12) or ``shutdown`` and still ``rw``.
    """

    source: str
    target: str
    type: str
    options: frozenset[str]

    @property
    def read_only(self) -> bool:
        return not self.options.isdisjoint(_READ_ONLY)


def boot_id(root: Path = Path("/")) -> str:
    """The kernel's name for this boot; "" where it has none."""
    return text_of(root / "proc/sys/kernel/random/boot_id") or ""


def read_memory_total(root: Path) -> int | None:
    """The bytes of physical memory."""
    for line in (text_of(root / "proc/meminfo") or "").splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * KIB
    return None


def read_oom_kills(root: Path) -> int | None:
    """Processes that the kernel has killed since boot because memory ran out."""
    return pairs(root / "proc/vmstat").get("oom_kill")


def read_swapped(pid: int, root: Path) -> int:
    """The bytes of a process in swap; 0 if unknown."""
    for line in (text_of(root / "proc" / str(pid) / "status") or "").splitlines():
        if line.startswith("VmSwap:"):
            return int(line.split()[1]) * KIB
    return 0


def read_swaps(root: Path) -> tuple[Swap, ...] | None:
    """The swap areas in use."""
    text = text_of(root / "proc/swaps")
    if text is None:
        return None
    rows = (line.split() for line in text.splitlines()[1:])
    return tuple(Swap(row[0], int(row[2]) * KIB, int(row[3]) * KIB) for row in rows if len(row) >= 5)


def read_mounts(root: Path) -> tuple[Mount, ...]:
    """All mounts, in the order of mounting."""
    lines = (text_of(root / "proc/self/mounts") or "").splitlines()
    rows = (row for row in map(str.split, lines) if len(row) >= 4)
    return tuple(Mount(row[0], _unescaped(row[1]), row[2], frozenset(row[3].split(","))) for row in rows)


def unmounted_above(path: PurePosixPath, root: Path = Path("/")) -> Path | None:
    """The nearest mount point at or above ``path`` that /etc/fstab names and that is not mounted, if any."""
    mounted = {mount.target for mount in read_mounts(root)}
    rows = (line.split() for line in (text_of(root / "etc/fstab") or "").splitlines())
    meant = [_unescaped(row[1]).rstrip("/") for row in rows if len(row) >= 3 and not row[0].startswith("#")]
    away = [point for point in meant if point.startswith("/") and point not in mounted]
    above = [point for point in away if path.is_relative_to(point)]
    return Path(max(above, key=len)) if above else None


def _unescaped(name: str) -> str:
    """A name from fstab or mounts, in which a space is ``\\040``."""
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), name)


def device_of(path: Path, root: Path) -> str:
    """The device of a path's file system (``/dev/mmcblk0p2``); "" if unknown."""
    mount = mount_of(PurePosixPath(os.path.realpath(path)), read_mounts(root))
    return mount.source if mount else ""


def mount_of(path: PurePosixPath, mounts: tuple[Mount, ...]) -> Mount | None:
    """The file system of a path: the longest mount point above it, the last one if mounted over."""
    above = [mount for mount in mounts if path.is_relative_to(mount.target)]
    return max(reversed(above), key=lambda mount: len(mount.target), default=None)
