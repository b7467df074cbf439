"""Which files are to be uploaded, and under which keys: read from the layout's directories.

Invariants: a key depends on the file's name alone, so an upload can be repeated without harm. The oldest
files go first. Raw goes only after it was turned into tables.
"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from ..store.layout import NORMALIZED, READY, SYNCED, Layout

__all__ = ["RAW_PREFIX", "Upload", "plan_uploads", "synced_path"]

RAW_PREFIX = "raw/"
"""The keys of raw files begin with this; no table has this name."""


class Upload(Struct, frozen=True):
    """One planned transfer. ``key`` is relative to the target; ``bytes`` is the file's size."""

    source: Path
    key: str
    bytes: int


def plan_uploads(layout: Layout, *, include_raw: bool, denied: list[OSError] | None = None) -> list[Upload]:
    """All files that wait, the oldest segment first, and the tables of a segment before its raw file.

    ``denied`` takes the errors of directories that cannot be looked into.
    """
    found: list[tuple[int, Path, str]] = []
    for table in layout.table_files(READY, denied):
        source = layout.tables(READY) / table.path
        found.append((table.segment.number, source, table.path.as_posix()))
    for segment in layout.raw_segments(NORMALIZED, denied=denied) if include_raw else ():
        source = layout.raw(NORMALIZED) / segment.sealed_path
        found.append((segment.number, source, RAW_PREFIX + segment.sealed_path.as_posix()))
    found.sort(key=lambda item: (item[0], item[2].startswith(RAW_PREFIX), item[2]))
    return [Upload(source, key, size) for _, source, key in found if (size := _size(source)) is not None]


def synced_path(layout: Layout, upload: Upload) -> Path:
    """Where the file is moved when the target has it."""
    if upload.key.startswith(RAW_PREFIX):
        return layout.raw(SYNCED) / upload.key.removeprefix(RAW_PREFIX)
    return layout.tables(SYNCED) / upload.key


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # normalize took it back meanwhile
        return None
