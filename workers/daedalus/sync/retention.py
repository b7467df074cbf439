"""The disk budget: first decide which files may be deleted, then delete them.

Invariant: a file that the lake does not have is never deleted. So tables and raw files in ``synced`` may go;
raw files in ``normalized`` may go only if raw is not uploaded at all and no table of their segment still
waits. The oldest segments go first, and the raw file of a segment before its tables.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from ..store.layout import NORMALIZED, READY, SYNCED, Layout
from ..units import MEGABYTE
from .settings import SyncSettings

__all__ = ["Budget", "Deletable", "RetentionReport", "Usage", "apply_retention", "decide", "survey"]

EMPTY_FOR_SECONDS = 7200.0
"""An empty directory is removed when it has not changed for this long: its hour is over then."""


class Budget(Struct, frozen=True):
    """How many bytes may be kept, and how many must stay free; None: no limit."""

    total_bytes: int | None = None
    min_free_bytes: int | None = None

    @classmethod
    def of(cls, settings: SyncSettings) -> Budget:
        megabytes = (settings.budget_mb, settings.min_free_mb)
        return cls(*(None if limit is None else limit * MEGABYTE for limit in megabytes))


class Deletable(Struct, frozen=True):
    """A file that the lake has. ``bytes``: what deleting it frees."""

    path: Path
    bytes: int


class Usage(Struct, frozen=True):
    """What the disk holds. ``deletable``: in the order in which files may go."""

    used_bytes: int
    free_bytes: int
    deletable: tuple[Deletable, ...]


class RetentionReport(Struct, frozen=True):
    """What was done. ``over_budget_bytes``: what must still go, but is not in the lake yet."""

    used_bytes: int
    free_bytes: int
    deleted_files: int
    deleted_bytes: int
    over_budget_bytes: int


def decide(usage: Usage, budget: Budget) -> tuple[Deletable, ...]:
    """The fewest of the oldest files whose deletion brings the disk within its budget, or all."""
    excess = _excess(usage.used_bytes, usage.free_bytes, budget)
    chosen: list[Deletable] = []
    for file in usage.deletable:
        if excess <= 0:
            break
        chosen.append(file)
        excess -= file.bytes
    return tuple(chosen)


def survey(layout: Layout, *, include_raw: bool) -> Usage:
    """Measure what raw files and tables take on the disk, and find what may go."""
    tables, raw = layout.table_files(SYNCED), layout.raw_segments(SYNCED)
    found = [(file.segment.number, True, layout.tables(SYNCED) / file.path) for file in tables]
    found += [(segment.number, False, layout.raw(SYNCED) / segment.sealed_path) for segment in raw]
    if not include_raw:
        # In this order: the tables of a segment are published before it is seen in normalized.
        done = layout.raw_segments(NORMALIZED)
        waiting = {file.segment for file in layout.table_files(READY)}
        found += [
            (segment.number, False, layout.raw(NORMALIZED) / segment.sealed_path)
            for segment in done
            if segment not in waiting
        ]
    found.sort()
    deletable = tuple(Deletable(path, size) for *_, path in found if (size := _allocated(path)) is not None)
    disk = os.statvfs(layout.data_dir)
    return Usage(_used(layout), disk.f_bavail * disk.f_frsize, deletable)


def apply_retention(
    layout: Layout, budget: Budget, *, include_raw: bool, now: float | None = None
) -> RetentionReport:
    """Survey, decide, delete, and sweep empty directories. ``now``: seconds since the epoch."""
    usage = survey(layout, include_raw=include_raw)
    files, freed = _delete(decide(usage, budget))
    _sweep(layout, time.time() if now is None else now)
    used, free = usage.used_bytes - freed, usage.free_bytes + freed
    return RetentionReport(used, free, files, freed, max(0, _excess(used, free, budget)))


def _excess(used: int, free: int, budget: Budget) -> int:
    over = 0 if budget.total_bytes is None else used - budget.total_bytes
    short = 0 if budget.min_free_bytes is None else budget.min_free_bytes - free
    return max(over, short)


def _delete(chosen: Sequence[Deletable]) -> tuple[int, int]:
    files = freed = 0
    for file in chosen:
        try:
            file.path.unlink()
        except FileNotFoundError:  # taken back, to be normalized again
            continue
        files += 1
        freed += file.bytes
    return files, freed


def _sweep(layout: Layout, now: float) -> None:
    roots = [layout.raw(state) for state in (READY, NORMALIZED, SYNCED)]
    roots += [layout.tables(state) for state in (READY, SYNCED)]
    for root in roots:
        for folder, folders, files in os.walk(root, topdown=False):
            path = Path(folder)
            if path != root and not files and not folders:
                _remove_if_old(path, now)


def _remove_if_old(path: Path, now: float) -> None:
    # Removing a child renews its parent, which then goes in a later sweep.
    try:
        if now - path.stat().st_mtime > EMPTY_FOR_SECONDS:
            path.rmdir()
    except OSError:  # filled or removed by another worker meanwhile
        return


def _used(layout: Layout) -> int:
    # Not all of data_dir: a local lake may lie in it, to which the budget does not apply.
    total = 0
    for root in (layout.active.parent, layout.tables_active.parent):
        for folder, _, names in os.walk(root):
            total += sum(_allocated(Path(folder, name)) or 0 for name in names)
    return total


def _allocated(path: Path) -> int | None:
    try:
        return path.lstat().st_blocks * 512
    except FileNotFoundError:
        return None
