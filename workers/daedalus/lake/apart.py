"""Whether two lakes lie apart: what is written into one must never lie in the other."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ..storage.errors import TargetError, TargetErrorKind
from ..storage.filesystems import is_local
from ..storage.settings import StorageSettings, public_url

__all__ = ["refuse_overlap"]


def refuse_overlap(sources: Iterable[StorageSettings], out: StorageSettings) -> None:
    """Raise `TargetError` where ``out`` is a source, lies inside of one, or has one inside; by links too."""
    for source in sources:
        if is_local(source.target) and is_local(out.target):
            overlap = _folders_overlap(_folder(source.target), _folder(out.target))
        else:
            overlap = _urls_overlap(source, out)
        if overlap:
            raise TargetError(
                TargetErrorKind.SETTINGS,
                public_url(out.target),
                f"it is not apart from {public_url(source.target)}, whose files would be replaced",
                "Name a place outside of both lakes.",
            )


def _folder(target: str) -> Path:
    return Path(target.rpartition("://")[2]).expanduser().absolute()


def _folders_overlap(source: Path, out: Path) -> bool:
    ours, theirs = [_places(each) for each in (source, out)]
    return any(_within(one, other) or _within(other, one) for one in ours for other in theirs)


def _places(root: Path) -> list[Path]:
    """A folder, and the folders that links below it lead to."""
    return [root, *_links(root)]


def _links(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root):
        for name in folders:
            if (Path(folder) / name).is_symlink():
                yield Path(folder) / name


def _within(inner: Path, outer: Path) -> bool:
    """Whether a folder is another, or lies below it: by what it is, not by how it is called."""
    try:
        wanted = outer.stat()
    except OSError:  # it does not exist yet: nothing is below it
        return False
    inner = inner.resolve()
    for each in (inner, *inner.parents):
        try:
            at = each.stat()
        except OSError:
            continue  # it does not exist yet; what it will lie in does
        if (at.st_dev, at.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False


def _urls_overlap(source: StorageSettings, out: StorageSettings) -> bool:
    one, other = _parts(source), _parts(out)
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _parts(settings: StorageSettings) -> list[str]:
    """A URL as scheme, store, bucket and folders."""
    scheme, separator, rest = public_url(settings.target).partition("://")
    if not separator or is_local(settings.target):
        return ["file"]
    scheme = "s3" if scheme == "s3a" else scheme
    return [scheme, settings.endpoint_url or "", *(part for part in rest.split("/") if part not in ("", "."))]
