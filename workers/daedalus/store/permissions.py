"""Directories and files of ``data_dir`` that this user may not read.

A directory that root copied back looks empty to the workers: nothing in it is ever normalized or uploaded.
"""

from __future__ import annotations

import os
from pathlib import Path

from .layout import READY, Layout

__all__ = ["unreadable"]

MOST = 3
"""How many are named; one chown fixes them all."""

MOST_FILES = 5_000
"""How many files are looked at."""


def unreadable(layout: Layout) -> list[Path]:
    """The first few that this user may not read; none if ``data_dir`` itself is closed."""
    if not _may_enter(layout.data_dir):
        return []
    roots = [layout.active, layout.raw(READY), layout.tables_active, layout.tables(READY)]
    found: list[Path] = []
    seen = 0
    for root in (layout.active.parent, layout.tables_active.parent, *roots):
        if len(found) < MOST and _is_closed(root) and root not in found:
            found.append(root)
    for root in roots:
        for folder, folders, names in os.walk(root):
            closed = [name for name in folders if not _may_enter(Path(folder, name))]
            seen += len(names)
            if seen <= MOST_FILES:
                closed += [name for name in names if not _may(Path(folder, name), os.R_OK)]
            found += [Path(folder, name) for name in closed if os.path.lexists(Path(folder, name))]
            if len(found) >= MOST:
                return found[:MOST]
    return found


def _is_closed(path: Path) -> bool:
    try:
        return path.is_dir() and not _may_enter(path)
    except PermissionError:  # a directory above it is closed, and is named instead
        return False


def _may_enter(path: Path) -> bool:
    return _may(path, os.R_OK | os.X_OK)


def _may(path: Path, what: int) -> bool:
    return os.access(path, what, effective_ids=True)
