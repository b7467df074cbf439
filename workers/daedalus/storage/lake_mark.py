"""The mark of a lake in a directory: a small file at its root that names this lake."""

from __future__ import annotations

import os
import platform
import time
import uuid
from pathlib import Path

import msgspec
from msgspec import Struct

from ..store.files import fsync_directory, publish
from ..store.regular_files import open_regular
from .errors import from_os_error

__all__ = ["MARK", "Mark", "MarkFile"]

MARK = "_lake.json"
"""Query engines skip names that begin with ``_``."""

MOST_BYTES = 65_536


class Mark(Struct, frozen=True, kw_only=True):
    """The file's content. Only ``id`` is compared ("": the content is no mark); the rest is for people."""

    id: str
    made_by: str = ""
    made_at_ns: int = 0
    about: str = "This is a lake of Daedalus. Recorders that know it write nothing here without this file."


class MarkFile:
    """The mark below ``root``, present or not. ``url``: the lake's name in errors."""

    def __init__(self, root: Path, url: str) -> None:
        self.root = root
        self._place = root / MARK
        self._url = url

    def read(self) -> Mark | None:
        """The mark; None if there is none. Raises `TargetError` if that cannot be told."""
        try:
            with open_regular(self._place) as file:
                return msgspec.json.decode(file.read(MOST_BYTES), type=Mark)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise from_os_error(error, self._url, str(self._place)) from None
        except (ValueError, RecursionError):
            return Mark(id="")

    def create(self, *, replace: bool = False) -> None:
        """Make the mark and its directory; an existing mark stays unless ``replace``.

        If several do so at once, all read the same mark afterwards. Raises `TargetError`.
        """
        mark = Mark(id=uuid.uuid4().hex, made_by=platform.node(), made_at_ns=time.time_ns())
        aside = self.root / f".{MARK}.{mark.id}.part"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            try:
                aside.write_bytes(msgspec.json.encode(mark))
                if replace or not self._linked(aside):
                    publish(aside, self._place)
                fsync_directory(self.root)
            finally:
                aside.unlink(missing_ok=True)
        except OSError as error:
            raise from_os_error(error, self._url, str(self._place)) from None

    def _linked(self, aside: Path) -> bool:
        """Give the file its name unless the name is taken; False: this file system has no hard links."""
        with open(aside, "rb") as written:
            os.fsync(written.fileno())
        try:
            os.link(aside, self._place)
        except FileExistsError:
            return True
        except OSError:
            return self._place.exists()
        return True
