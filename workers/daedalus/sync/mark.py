"""The mark of a lake: a small file at its root that says that this place is the lake, and which one.

A disk that is not mounted leaves an empty directory behind, and a bucket may be emptied or be another
one than yesterday. Files that go there are called synced, and are then deleted here. So a lake is marked
when it is first used, the recorder remembers which lake is where, and without its mark a known place
gets nothing. Several recorders may share a lake: whoever comes later takes the mark that is there.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from .. import host
from ..store.files import read_json, write_atomic
from ..store.layout import SYNCED, Layout
from ..store.places import local_path
from .errors import TargetError, TargetErrorKind
from .target import Target

__all__ = ["MARK", "Anchor", "Mark"]

MARK = "_lake.json"
"""Its key. Readers of lakes leave out names that begin with ``_``."""

MEMORY = "lakes.json"
"""Below ``data_dir``: for each target by its URL, the id of the lake there."""

SEEN_SECONDS = 60.0
"""So long a store that was asked is not asked again; a directory is asked each time."""

ASKED_FILES = 5
"""Of what was synced before there were marks, so many of the newest are looked for."""


class Mark(Struct, frozen=True, kw_only=True):
    """What the file says. ``id`` alone is compared, the rest is for people."""

    id: str
    made_by: str = ""
    made_at_ns: int = 0
    about: str = "This is a lake of Daedalus. Recorders that know it write nothing here without this file."


class Anchor:
    """Holds one recorder to its lake: `recognize` before the first file, `confirm` around every other one."""

    def __init__(self, layout: Layout, target: Target, *, new_lake: bool = False) -> None:
        """``new_lake``: what lies there now is the lake from now on, whatever was there before."""
        self._layout = layout
        self._target = target
        self._new_lake = new_lake
        self._id = ""
        self._seen = float("-inf")

    def recognize(self) -> None:
        """Find the lake that is known, or mark a new one. Raises `TargetError` where it is not to be used."""
        there = self._read()
        if there is None or (self._new_lake and not there.id):
            self.look()
            mark = Mark(id=uuid.uuid4().hex, made_by=platform.node(), made_at_ns=time.time_ns())
            self._target.create(MARK, msgspec.json.encode(mark), replace=self._new_lake)
            there = self._read()
            if there is None or not there.id:
                raise self._error(f"its mark {MARK} was written and is not there", "See what lies there.")
        self._judge(there)
        self._id, self._new_lake = there.id, False
        self._seen = time.monotonic()
        self._remember(there.id)

    def look(self) -> None:
        """The same judgement without writing anything. Raises `TargetError`."""
        there = self._read()
        if there is not None:
            self._judge(there)
            return
        if self._new_lake:
            return
        if self._known:
            raise self._error(
                f"the lake is not there: its mark {MARK} is missing, so nothing is sent and all waits",
                "Mount its disk, or bring the lake back. Is this a new place on purpose, run once: "
                "daedalus sync --once --new-lake",
            )
        if away := _unmounted(self._target.url):
            raise self._error(
                f"/etc/fstab mounts a disk on {away}, and nothing is mounted there", f"Run: mount {away}"
            )
        if self._synced_elsewhere():
            raise self._error(
                "files were synced to a lake before, and this place has none of them, so all waits",
                "Mount its disk, or correct the target. Is this a new lake on purpose, run once: "
                "daedalus sync --once --new-lake",
            )

    def confirm(self) -> None:
        """Raise `TargetError` where the lake that was recognized is there no more."""
        if self._target.remote and time.monotonic() - self._seen < SEEN_SECONDS:
            return
        there = self._read()
        if there is None or there.id != self._id:
            self.look()  # says what is wrong
            raise self._error("the lake is not there any more: another one is", "Is the right disk mounted?")
        self._seen = time.monotonic()

    @property
    def _known(self) -> str:
        return _remembered(self._layout).get(self._target.url, "")

    def _judge(self, there: Mark) -> None:
        if self._new_lake:
            return
        if not there.id:
            raise self._error(
                f"its mark {MARK} cannot be read",
                "Restore it from a backup. Is it the right lake, run once: daedalus sync --once --new-lake",
            )
        if self._known and there.id != self._known:
            raise self._error(
                "this is another lake than the one that was synced to, so nothing is sent and all waits",
                "Mount the right disk, or correct the target. Is it another one on purpose, run once: "
                "daedalus sync --once --new-lake",
            )

    def _read(self) -> Mark | None:
        """The mark; one without an id where its content is none; None where there is none."""
        try:
            content = self._target.read(MARK)
        except TargetError as error:
            # Without the right to list, a store answers "denied" for what does not exist.
            if error.kind is TargetErrorKind.DENIED and self._target.remote and not (self._known or self._id):
                return None
            raise
        if content is None:
            return None
        try:
            return msgspec.json.decode(content, type=Mark)
        except (ValueError, RecursionError):
            return Mark(id="")

    def _remember(self, lake: str) -> None:
        known = _remembered(self._layout)
        if known.get(self._target.url) == lake:
            return
        content = msgspec.json.encode({**known, self._target.url: lake})
        try:
            write_atomic(self._layout.data_dir / MEMORY, content)
        except OSError:  # a full disk: making room on it is what sync is for; the next pass remembers
            return

    def _synced_elsewhere(self) -> bool:
        """Whether this recorder has synced before anyone remembered where to, and it was not here."""
        if (self._layout.data_dir / MEMORY).exists():
            return False  # then it is a target that is new to it
        newest = sorted(self._layout.table_files(SYNCED), key=lambda file: file.segment.number)[-ASKED_FILES:]
        root = self._layout.tables(SYNCED)
        return bool(newest) and not any(
            self._target.holds(root / file.path, file.path.as_posix()) for file in newest
        )

    def _error(self, problem: str, remedy: str) -> TargetError:
        return TargetError(TargetErrorKind.BUCKET, self._target.url, problem, remedy)


def _remembered(layout: Layout) -> dict[str, str]:
    return read_json(layout.data_dir / MEMORY, dict[str, str]) or {}


def _unmounted(url: str) -> Path | None:
    """The mount point above a directory that the system means to mount and has not."""
    place = local_path(url)
    return None if place is None else host.unmounted_above(PurePosixPath(os.path.realpath(place)))
