"""A control group with a memory limit, as systemd's MemoryMax= makes one for each worker."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["MemoryGroup", "a_memory_group"]

_ROOT = Path("/sys/fs/cgroup")
_LOOK_SECONDS = 0.1


class MemoryGroup:
    """Start processes `under` it. All in bytes: ``peak_held`` is the processes' own memory at its highest,
    ``peak_cached`` that of the files they touched, which the kernel takes back when it needs room. The limit
    counts both.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.peak_held = self.peak_cached = 0
        self._folder = folder
        self._unified = (folder / "memory.max").exists()
        name = "memory.max" if self._unified else "memory.limit_in_bytes"
        (folder / name).write_text(f"{limit_bytes}")
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look, daemon=True)
        self._watch.start()

    @property
    def under(self) -> list[str]:
        """The command that starts another one in this group."""
        return ["sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self._folder / "cgroup.procs")]

    @property
    def killed(self) -> int:
        """How many processes the kernel has ended here because there was no memory left."""
        name = "memory.events" if self._unified else "memory.oom_control"
        return self._numbers(name)["oom_kill"]

    @property
    def squeezed(self) -> int:
        """How often the limit was reached, and something had to give way: cached files, if any."""
        if self._unified:
            return self._numbers("memory.events")["max"]
        return int((self._folder / "memory.failcnt").read_text())

    def close(self) -> None:
        """Remove the group; its processes must have ended."""
        self._over.set()
        self._watch.join()
        self._folder.rmdir()

    def _look(self) -> None:
        held, cached = ("anon", "file") if self._unified else ("total_rss", "total_cache")
        while not self._over.wait(_LOOK_SECONDS):
            numbers = self._numbers("memory.stat")
            self.peak_held = max(self.peak_held, numbers[held])
            self.peak_cached = max(self.peak_cached, numbers[cached])

    def _numbers(self, name: str) -> dict[str, int]:
        lines = (self._folder / name).read_text().splitlines()
        return {key: int(value) for key, value in (line.split() for line in lines)}


@contextmanager
def a_memory_group(name: str, limit_bytes: int) -> Iterator[MemoryGroup]:
    """A group until the block ends. Skips the test where none may be made."""
    unified = (_ROOT / "cgroup.controllers").exists()
    folder = (_ROOT if unified else _ROOT / "memory") / f"daedalus-{name}-{os.getpid()}"
    try:
        folder.mkdir()
    except OSError as error:
        pytest.skip(f"needs the right to make a memory cgroup: {error.strerror} at {folder}")
    limit = "memory.max" if unified else "memory.limit_in_bytes"
    if not (folder / limit).exists():
        folder.rmdir()
        pytest.skip(f"needs the memory controller in {folder.parent}")
    group = MemoryGroup(folder, limit_bytes)
    try:
        yield group
    finally:
        group.close()
