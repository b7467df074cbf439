"""Whether data_dir lies on the disk that it lay on before.

A disk that is not mounted leaves an empty directory, and recording into that fills the system's own card
and hides below the mount point once the disk is back. So a data_dir that was seen on a disk of its own is
remembered, outside of that disk; on the system's disk it is then refused. /etc/fstab says as much of a disk
that is to be there.
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path, PurePosixPath

import msgspec

from .. import host
from .files import read_json, write_atomic

__all__ = ["away", "require_disk"]

MEMORY = "daedalus/disks.json"
ROOT = Path("/")


def require_disk(data_dir: Path, root: Path = ROOT) -> None:
    """Raise `OSError` where the disk of ``data_dir`` is not there; remember it where it is one of its own."""
    if reason := away(data_dir, root):
        raise OSError(errno.ENODEV, reason, str(data_dir))
    if not _on_the_systems_disk(data_dir, root):
        _remember(data_dir)


def away(data_dir: Path, root: Path = ROOT) -> str:
    """Why the disk of ``data_dir`` is not there, with the remedy; "" where nothing says so."""
    if not _on_the_systems_disk(data_dir, root):
        return ""
    if str(_real(data_dir)) in _remembered():
        return (
            "its disk is not mounted: it was on a disk of its own, and now is on the system's. Mount it. "
            f"Is it to be there on purpose, remove {_memory()}"
        )
    point = host.unmounted_above(PurePosixPath(_real(data_dir)), root)
    if point is not None and not (data_dir / "raw").exists():
        return f"/etc/fstab mounts a disk on {point}, and nothing is mounted there. Run: mount {point}"
    return ""


def _on_the_systems_disk(data_dir: Path, root: Path) -> bool:
    """By the mount's source: what systemd binds anew for a unit is on the same disk as before."""
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
        with contextlib.suppress(OSError):  # a home that is not to be written: then fstab's word is left
            write_atomic(_memory(), msgspec.json.encode([*known, place]))
