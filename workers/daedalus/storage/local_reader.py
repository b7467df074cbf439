"""Reading a folder of this machine: its Parquet files, and what in it cannot be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

from ..store.regular_files import open_regular
from .errors import from_os_error
from .reader import Found

__all__ = ["LocalReader"]

_DEPTH = 3
"""Links to folders are followed down to a lake's depth: a table may lie on another disk."""


class LocalReader:
    """A `Reader` below one directory.

    A folder that may not be listed is an entry of its own, and so is a ``.parquet`` that is not a regular
    file: opening a pipe would wait for ever.
    """

    def __init__(self, root: Path) -> None:
        self.root = str(root.expanduser().absolute())
        self.url = f"file://{self.root}"

    def find(self, folder: str) -> list[Found]:
        return sorted(_walked(folder), key=lambda found: found.path)

    def open(self, path: str, name: str) -> BufferedReader:
        try:
            return open_regular(Path(path), follow=True)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise from_os_error(error, self.url, name) from None


def _walked(root: str) -> Iterator[Found]:
    refused: list[OSError] = []
    seen: set[tuple[int, int]] = set()
    for name, folders, names in os.walk(root, onerror=refused.append, followlinks=True):
        folder = Path(name)
        at = folder.stat()
        if (at.st_dev, at.st_ino) in seen:  # a link leads back up
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
        # A file has moved since it was listed; a link without a target is an entry.
        return Found(str(path), 0, "a link that leads nowhere") if path.is_symlink() else None
    except OSError as error:
        return Found(str(path), 0, os.strerror(error.errno or 0))
    return Found(str(path), about.st_size, "" if stat.S_ISREG(about.st_mode) else "no plain file")
