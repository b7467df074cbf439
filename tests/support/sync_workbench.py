"""What the tests of sync share: a backlog to work off, a worker in a thread, a target that is watched."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
from support.backlog import raw_file, segment, table_file, tree
from support.statuses import process_of

from daedalus.storage import Receipt, Target, TargetError, TargetErrorKind
from daedalus.storage.lake_mark import MARK
from daedalus.store.layout import NORMALIZED, READY, SYNCED, Layout
from daedalus.sync import SyncSettings, run_sync
from daedalus.worker.status import SyncStatus, read_status

__all__ = [
    "Running",
    "Watched",
    "changed",
    "fill",
    "lake_of",
    "refuse",
    "status",
    "synced",
    "waiting",
]


def fill(layout: Layout, count: int = 5, size: int = 3000) -> dict[str, bytes]:
    """A backlog of tables and raw; returns what the lake must hold in the end."""
    for hour in range(count):
        table_file(layout, READY, segment(hour), os.urandom(size + hour))
        raw_file(layout, NORMALIZED, segment(hour), os.urandom(size))
    return waiting(layout)


def lake_of(settings: SyncSettings) -> dict[str, bytes]:
    """What a lake in a folder holds, by key, beside its mark."""
    return {key: body for key, body in tree(Path(settings.target)).items() if key != MARK}


def waiting(layout: Layout) -> dict[str, bytes]:
    """What has yet to be uploaded, by key."""
    raw = {f"raw/{name}": body for name, body in tree(layout.raw(NORMALIZED)).items()}
    return tree(layout.tables(READY)) | raw


def synced(layout: Layout) -> dict[str, bytes]:
    """What was moved to ``synced``, by key."""
    return tree(layout.tables(SYNCED)) | {f"raw/{k}": v for k, v in tree(layout.raw(SYNCED)).items()}


def status(layout: Layout) -> SyncStatus:
    """The last status; before the first one, one of a sync that has done nothing."""
    found = read_status(layout.status, "sync")
    return (
        found if isinstance(found, SyncStatus) else SyncStatus(process=process_of("sync"), files_waiting=-1)
    )


def changed(settings: SyncSettings, **changes: object) -> SyncSettings:
    return msgspec.structs.replace(settings, **changes)


class Running:
    """`run_sync` in a thread, stopped at the end of the block."""

    def __init__(self, layout: Layout, settings: SyncSettings, target: Target | None = None) -> None:
        self._stop = threading.Event()
        self._thread = threading.Thread(
            target=run_sync, args=(layout, settings, self._stop), kwargs={"target": target}
        )

    def __enter__(self) -> Running:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(30)
        assert not self._thread.is_alive()


class Watched:
    """A real target that tells what it was given; ``before`` may refuse it, ``after`` may interfere."""

    def __init__(
        self,
        inner: Target,
        before: Callable[[str], None] = lambda key: None,
        after: Callable[[str], None] = lambda key: None,
    ) -> None:
        self.url = inner.url
        self.mark = inner.mark
        self.keys: list[str] = []
        self.most_at_once = 0
        self._inner, self._before, self._after = inner, before, after
        self._at_once = 0
        self._lock = threading.Lock()

    def check(self) -> None:
        self._inner.check()

    def has(self, key: str) -> bool:
        return self._inner.has(key)

    def holds(self, source: Path, key: str) -> bool:
        return self._inner.holds(source, key)

    def put(self, source: Path, key: str, stop: threading.Event | None = None) -> Receipt:
        with self._lock:
            self.keys.append(key)
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._before(key)
            receipt = self._inner.put(source, key, stop)
            self._after(key)
            return receipt
        finally:
            with self._lock:
                self._at_once -= 1


def refuse(kind: TargetErrorKind, *hours: int) -> Callable[[str], None]:
    """A ``before`` that refuses the segments of these hours, or all."""
    numbers = [str(segment(hour).number) for hour in hours]

    def before(key: str) -> None:
        if not numbers or any(number in key for number in numbers):
            raise TargetError(kind, "file:///lake", f"refused {key}", "Nothing to do.")

    return before
