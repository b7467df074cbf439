"""Files that exist whole or not at all: write aside, fsync, rename, fsync the directory."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

import msgspec

from .regular_files import create, open_regular

__all__ = [
    "PRIVATE_MODE",
    "fsync_directory",
    "make_directories",
    "move",
    "publish",
    "read_json",
    "write_atomic",
]

_T = TypeVar("_T")

PRIVATE_MODE = 0o640
PRIVATE_DIRECTORY_MODE = 0o750


def fsync_directory(path: Path) -> None:
    """Make the names in a directory durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def publish(written: Path, final: Path) -> None:
    """Give a finished file its name, durably: fsync it, rename it, fsync the directory.

    Both paths must be on one file system. Whatever had the name before is replaced.
    """
    with open_regular(written) as file:
        os.fsync(file.fileno())
    _rename(written, final)
    fsync_directory(final.parent)


def move(source: Path, target: Path) -> None:
    """Move a durable file to another directory of the same file system, durably."""
    _rename(source, target)
    fsync_directory(target.parent)
    fsync_directory(source.parent)


def write_atomic(path: Path, content: bytes, *, durable: bool = True) -> None:
    """Replace a file's content at once; a reader sees the old one or the new one.

    ``durable=False`` leaves out the fsyncs, for files that may be lost in a power cut.
    """
    make_directories(path.parent)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    descriptor = create(aside, PRIVATE_MODE)
    with open(descriptor, "wb") as file:
        file.write(content)
        if durable:
            file.flush()
            os.fsync(descriptor)
    os.replace(aside, path)
    if durable:
        fsync_directory(path.parent)


def read_json(path: Path, kind: type[_T]) -> _T | None:
    """The content of a JSON file; None if there is none that can be read."""
    try:
        with open_regular(path) as file:
            return msgspec.json.decode(file.read(), type=kind)
    except (OSError, ValueError, RecursionError):  # also invalid UTF-8, and endless nesting
        return None


def _rename(source: Path, target: Path) -> None:
    # Retention removes empty directories: one may vanish between being made and being used.
    while True:
        make_directories(target.parent)
        try:
            os.replace(source, target)
        except FileNotFoundError:
            if not source.exists():
                raise
        else:
            return


def make_directories(path: Path) -> None:
    """Make a directory and those above it, durably, for the owner and the group only."""
    if path.is_dir():
        return
    make_directories(path.parent)
    path.mkdir(mode=PRIVATE_DIRECTORY_MODE, exist_ok=True)
    fsync_directory(path.parent)
