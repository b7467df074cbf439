"""The Parquet files below a folder of this machine, and what there cannot be looked at."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

__all__ = ["Found", "local_files"]

_DEPTH = 3
"""Links are followed so many folders deep, which is a lake's depth: tables may lie on another disk."""


class Found(Struct, frozen=True):
    """One entry. ``trouble``: why it cannot be looked at, "" for a plain file."""

    path: str
    size: int
    trouble: str = ""


def local_files(root: str) -> Iterator[Found]:
    """What lies below a folder; nothing where there is no such folder.

    A folder that may not be listed is an entry of its own, and so is a ``.parquet`` that is no plain file:
    opening a pipe would wait for ever.
    """
    refused: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    for name, folders, names in os.walk(root, onerror=refused.append, followlinks=True):
        folder = Path(name)
        at = folder.stat()
        if (at.st_dev, at.st_ino) in seen:  # a link leads back to where we came from
            folders.clear()
            continue
        seen.add((at.st_dev, at.st_ino))
        if len(folder.relative_to(root).parts) >= _DEPTH:
            folders[:] = [each for each in folders if not (folder / each).is_symlink()]
        for each in names:
            if each.endswith(".parquet") and not each.startswith("."):
                found = _look(folder / each)
                if found is not None:
                    yield found
    for error in refused:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            yield Found(str(error.filename), 0, os.strerror(error.errno or 0))


def _look(path: Path) -> Found | None:
    try:
        about = path.stat()
    except FileNotFoundError:
        # Moved since: it lies elsewhere. A link that leads nowhere stays.
        return Found(str(path), 0, "a link that leads nowhere") if path.is_symlink() else None
    except OSError as error:
        return Found(str(path), 0, os.strerror(error.errno or 0))
    return Found(str(path), about.st_size, "" if stat.S_ISREG(about.st_mode) else "no plain file")
