"""`Status`: what a worker says of itself, one small JSON file, replaced atomically."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from .files import read_json, write_atomic

__all__ = ["UNTOLD", "Setup", "Status", "boot_id", "read_status", "read_statuses", "write_status"]


class Setup(Struct, frozen=True, kw_only=True):
    """What a worker runs: its version, and the configuration that it read when it started.

    ``config_path`` is absolute, ``config_hash`` that of `daedalus.config.fingerprint`. All are "" where
    nobody told.
    """

    config_path: str = ""
    config_hash: str = ""
    version: str = ""


UNTOLD = Setup()


class Status(Setup, frozen=True, kw_only=True):
    """One worker's state. Times are UTC ns; ``state`` is running, blocked or stopped.

    ``figures`` are numbers for people and machines (messages, gaps, rss_bytes, …), those of ns whole, and
    ``note`` is one line: what it does, or why it cannot. A status that says running but is old belongs to a
    worker that was killed; ``boot_id`` then tells a crash from a power cut.
    """

    worker: str
    pid: int
    boot_id: str
    started_ns: int
    updated_ns: int
    state: str = "running"
    note: str = ""
    figures: Mapping[str, int | float] = {}


def boot_id() -> str:
    """The kernel's name for this boot; "" where it has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""


def write_status(directory: Path, status: Status) -> None:
    """Replace the worker's status file. Not fsynced: it may be lost, and is written again."""
    write_atomic(directory / f"{status.worker}.json", msgspec.json.encode(status), durable=False)


def read_status(directory: Path, worker: str) -> Status | None:
    """The worker's last status; None where there is none that can be read."""
    return read_json(directory / f"{worker}.json", Status)


def read_statuses(directory: Path) -> list[Status]:
    """All workers' statuses, by name."""
    names = sorted(path.stem for path in directory.glob("*.json"))
    return [status for name in names if (status := read_status(directory, name)) is not None]
