"""Whether data_dir lies on the disk it lay on before.

A disk that is not mounted leaves an empty directory. Recording into it would fill the system's own card, and
the files would be hidden once the disk is mounted again. So a data_dir seen on a disk of its own is
remembered, outside of that disk, and refused when it is found on the system's disk. A disk in /etc/fstab is
expected in the same way.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path, PurePosixPath

import msgspec

from .. import host
from .files import read_json, write_atomic

__all__ = ["require_disk", "why_unmounted"]

MEMORY = "daedalus/disks.json"
ROOT = Path("/")


def require_disk(data_dir: Path, root: Path = ROOT) -> None:
    """Raise `OSError` if the disk of ``data_dir`` is not mounted; remember a disk of its own."""
    if reason := why_unmounted(data_dir, root):
        raise OSError(errno.ENODEV, reason, str(data_dir))
    if not _on_the_systems_disk(data_dir, root):
        _remember(data_dir)


def why_unmounted(data_dir: Path, root: Path = ROOT) -> str:
    """Why the disk of ``data_dir`` seems not to be mounted, with the remedy; "" if it is."""
    if not _on_the_systems_disk(data_dir, root):
        return ""
    if str(_real(data_dir)) in _remembered():
        return (
            "its disk is not mounted: data_dir was on a disk of its own, and is now on the system's. "
            f"Mount it; if the move was on purpose, remove {_memory()}"
        )
    point = host.unmounted_above(PurePosixPath(_real(data_dir)), root)
    if point is not None and not (data_dir / "raw").exists():
        return f"/etc/fstab names a disk for {point}, but nothing is mounted there. Run: mount {point}"
    return ""


def _on_the_systems_disk(data_dir: Path, root: Path) -> bool:
    """By the mount's source, which a bind mount of systemd's shares with the disk."""
    mounts = host.read_mounts(root)
    here = host.mount_of(PurePosixPath(_real(data_dir)), mounts)
    system = host.mount_of(PurePosixPath("/"), mounts)
    return here is None or system is None or here.source == system.source


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _memory() -> Path:
    state = os.environ.get("XDG_STATE_HOME", "")
    return Path(state if state.startswith("/") else "~/.local/state", MEMORY).expanduser()


def _remembered() -> list[str]:
    return read_json(_memory(), list[str]) or []


def _remember(data_dir: Path) -> None:
    known, place = _remembered(), str(_real(data_dir))
    if place not in known:
        with contextlib.suppress(OSError):  # an unwritable home: then only fstab can tell
            write_atomic(_memory(), msgspec.json.encode([*known, place]))
