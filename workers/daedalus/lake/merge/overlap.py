"""Refuses to merge into a place that overlaps one of the sources, whose files it would replace."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...storage.errors import TargetError, TargetErrorKind
from ...storage.settings import StorageSettings, public_url
from ...store.lake_place import local_path, within

__all__ = ["refuse_overlap"]


def refuse_overlap(sources: Iterable[StorageSettings], out: StorageSettings) -> None:
    """Raise `TargetError` if ``out`` is a source, is inside one, or contains one, also through links."""
    for source in sources:
        ours, theirs = local_path(source.target), local_path(out.target)
        if ours is not None and theirs is not None:
            overlap = _folders_overlap(ours, theirs)
        else:
            overlap = _urls_overlap(source, out)
        if overlap:
            raise TargetError(
                TargetErrorKind.SETTINGS,
                public_url(out.target),
                f"it overlaps {public_url(source.target)}, whose files would be replaced",
                "Name a place outside of both lakes.",
            )


def _folders_overlap(source: Path, out: Path) -> bool:
    ours, theirs = [_places(each) for each in (source, out)]
    return any(within(one, other) or within(other, one) for one in ours for other in theirs)


def _places(root: Path) -> list[Path]:
    """A folder, and the links to folders below it."""
    return [root, *_links(root)]


def _links(root: Path) -> Iterator[Path]:
    for folder, folders, _ in os.walk(root):
        for name in folders:
            if (Path(folder) / name).is_symlink():
                yield Path(folder) / name


def _urls_overlap(source: StorageSettings, out: StorageSettings) -> bool:
    one, other = _parts(source), _parts(out)
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _parts(settings: StorageSettings) -> list[str]:
    """A URL as scheme, store, bucket and folders."""
    if local_path(settings.target) is not None:
        return ["file"]
    scheme, _, rest = public_url(settings.target).partition("://")
    scheme = "s3" if scheme == "s3a" else scheme
    return [scheme, settings.endpoint_url or "", *(part for part in rest.split("/") if part not in ("", "."))]
