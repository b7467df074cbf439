"""Makes sure that files go only to the lake that this recorder knows, or to a new one.

A disk that is not mounted leaves an empty directory behind, and a bucket may be emptied or replaced. Files
that go there count as synced and are then deleted here. So a directory is marked when it is first used, a
store is recognized by the files that were sent there last, and the recorder remembers both. A known place
without them gets nothing. Several recorders may share a lake: the later ones take the mark that is there.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

import msgspec
from msgspec import Struct

from .. import host
from ..storage.errors import TargetError, TargetErrorKind
from ..storage.lake_mark import MARK, Mark, MarkFile
from ..storage.target import Target
from ..store.files import read_json, write_atomic
from ..store.layout import SYNCED, Layout

__all__ = ["MEMORY", "KnownLake"]

MEMORY = "lakes.json"
"""Below ``data_dir``: what is known of each target, by its URL."""

SEEN_SECONDS = 600.0
"""A store is asked again after this time, a directory before and after each file."""

KEPT_KEYS = 3
ASKED_FILES = 5
"""How many of the newest synced files are looked for when nothing is remembered."""

_ON_PURPOSE = "run once: daedalus sync --once --new-lake"


class _Known(Struct, frozen=True, kw_only=True):
    """What is known about one lake: the ``id`` of its mark, or the ``keys`` of the files sent last."""

    id: str = ""
    keys: tuple[str, ...] = ()


class KnownLake:
    """One recorder and its lake. Call `recognize` before the first file, `confirm` before and after each."""

    def __init__(self, layout: Layout, target: Target, *, new_lake: bool = False) -> None:
        """``new_lake``: the target is a new lake on purpose, whatever is remembered."""
        self._layout = layout
        self._target = target
        self._new_lake = new_lake
        self._id = ""
        self._seen = float("-inf")

    def recognize(self) -> None:
        """Find the known lake, or begin a new one. Raises `TargetError` if the target must not be used."""
        mark = self._target.mark
        self.look()
        if mark is not None:
            there = mark.read()
            if there is None or not there.id:
                mark.create(replace=self._new_lake)
                there = mark.read()
            if there is None or not there.id:
                raise self._error(f"its mark {MARK} was written and is not there", "See what lies there.")
            self._id = there.id
            self._remember(_Known(id=there.id))
        elif self._new_lake or self._known is None:
            self._remember(_Known())
        self._new_lake = False
        self._seen = time.monotonic()

    def look(self) -> None:
        """Check the same without writing anything. Raises `TargetError`."""
        if self._new_lake:
            return
        if self._target.mark is not None:
            self._look_for(self._target.mark)
        elif (known := self._known) is not None:
            if known.keys and not any(self._target.has(key) for key in known.keys):
                raise self._error(
                    "the lake is not there: it has none of the files that were sent last, so all waits",
                    f"Correct the target, or bring them back. If it was emptied on purpose, {_ON_PURPOSE}",
                )
        elif self._synced_elsewhere():
            raise self._none_of_them("Correct the target.")

    def confirm(self) -> None:
        """Raise `TargetError` if the recognized lake is gone."""
        mark = self._target.mark
        if mark is None:
            if time.monotonic() - self._seen >= SEEN_SECONDS:
                self.look()
                self._seen = time.monotonic()
            return
        there = mark.read()
        if there is None or there.id != self._id:
            self.look()  # says what is wrong
            raise self._error("the lake is not there any more: another one is", "Is the right disk mounted?")

    def sent(self, keys: Iterable[str]) -> None:
        """Remember the newest keys that a store has proved to hold."""
        newest = tuple(keys)[-KEPT_KEYS:]
        if self._target.mark is None and newest:
            known = self._known or _Known()
            kept = [key for key in known.keys if key not in newest]
            self._remember(_Known(keys=(*kept, *newest)[-KEPT_KEYS:]))

    @property
    def _known(self) -> _Known | None:
        return _remembered(self._layout).get(self._target.url)

    def _look_for(self, mark: MarkFile) -> None:
        there, known = mark.read(), self._known
        if there is not None:
            self._compare(there, known)
        elif known is not None:
            raise self._error(
                f"the lake is not there: its mark {MARK} is missing, so nothing is sent and all waits",
                f"Mount its disk, or bring the lake back. If this is a new place on purpose, {_ON_PURPOSE}",
            )
        elif away := host.unmounted_above(PurePosixPath(os.path.realpath(mark.root))):
            raise self._error(
                f"/etc/fstab mounts a disk on {away}, and nothing is mounted there",
                f"Run: mount {away}. If the lake is to do without it, {_ON_PURPOSE}",
            )
        elif self._synced_elsewhere():
            raise self._none_of_them("Mount its disk, or correct the target.")

    def _compare(self, there: Mark, known: _Known | None) -> None:
        if not there.id:
            raise self._error(
                f"its mark {MARK} cannot be read",
                f"Bring it back from a copy. If this is the right lake, {_ON_PURPOSE}",
            )
        if known is not None and there.id != known.id:
            raise self._error(
                "this is another lake than the one that was synced to, so nothing is sent and all waits",
                f"Mount the right disk, or correct the target. If that is on purpose, {_ON_PURPOSE}",
            )

    def _synced_elsewhere(self) -> bool:
        """Whether this recorder has synced files that are not here, before lakes were remembered."""
        if (self._layout.data_dir / MEMORY).exists():
            return False  # this target is new to it
        files = sorted(self._layout.table_files(SYNCED), key=lambda file: file.segment.number)[-ASKED_FILES:]
        return bool(files) and not any(self._target.has(file.path.as_posix()) for file in files)

    def _none_of_them(self, remedy: str) -> TargetError:
        return self._error(
            "files were synced to a lake before, and this place has none of them, so all waits",
            f"{remedy} If this is a new lake on purpose, {_ON_PURPOSE}",
        )

    def _remember(self, known: _Known) -> None:
        all_known = _remembered(self._layout)
        if all_known.get(self._target.url) == known:
            return
        content = msgspec.json.encode({**all_known, self._target.url: known})
        try:
            write_atomic(Path(self._layout.data_dir, MEMORY), content)
        except OSError:  # a full disk: sync makes room on it, and the lake is remembered later
            return

    def _error(self, problem: str, remedy: str) -> TargetError:
        return TargetError(TargetErrorKind.BUCKET, self._target.url, problem, remedy)


def _remembered(layout: Layout) -> dict[str, _Known]:
    return read_json(layout.data_dir / MEMORY, dict[str, _Known]) or {}
