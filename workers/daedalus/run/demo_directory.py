"""The directory of a demonstration, which deletes nothing but recordings of demonstrations.

The demonstration marks its directory. In a marked directory it deletes what workers create, by name; other
files stay.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..config import ConfigError, Problem
from ..store.layout import Layout
from ..store.lock import WorkerLock
from ..sync.known_lake import MEMORY

__all__ = ["CONFIG", "claimed", "clear"]

DEMO = "demo"
"""The name of the lock."""

CONFIG = "config.yaml"
MARK = ".daedalus-demo"
MARK_TEXT = "Made by `daedalus demo`, which deletes what it recorded here when it runs again.\n"
MADE = ("raw", "tables", "lake", "logs", CONFIG, "watchdog.json", MEMORY)


@contextmanager
def claimed(directory: Path) -> Iterator[Layout]:
    """Lock the directory, created if it does not exist.

    Raises `ConfigError` for a directory with other content, `AlreadyRunningError` if another demonstration
    runs in it. Nothing is changed then.
    """
    if directory.is_dir() and any(directory.iterdir()) and not (directory / MARK).is_file():
        text = "contains files that no demonstration made. Move it away, or run this in another directory."
        raise ConfigError([Problem(str(directory), 0, (), text)])
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MARK).write_text(MARK_TEXT, encoding="utf-8")
    layout = Layout(directory)
    with WorkerLock(layout, DEMO):
        yield layout


def clear(layout: Layout) -> None:
    """Delete the recording of the last demonstration; locks stay. No worker may be running."""
    for path in (layout.data_dir / name for name in MADE):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    for path in layout.status.iterdir():
        if path.is_file() and path.suffix != ".lock":
            path.unlink()
