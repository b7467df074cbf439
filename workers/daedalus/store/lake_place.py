"""Whether the lake may lie where it is meant to, seen from the data directory.

What is in the lake counts as safe, and retention then deletes it here. A lake that is one of our own
directories would be that deletion. So the two are compared by what they are, not by how they are
spelled: through links, ``..``, mounts, and the letters' case where a file system does not tell it.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["clash", "local_path"]

_OWN = ("raw", "tables", "status", "logs")
_STATES = (
    *(f"raw/{state}" for state in ("active", "ready", "normalized", "synced", "damaged")),
    *(f"tables/{state}" for state in ("active", "ready", "synced", "carry")),
)
"""Each may be a link of its own."""


def local_path(target: str) -> Path | None:
    """The directory that a target names; None where it is no directory of this machine."""
    scheme, separator, rest = target.partition("://")
    if not separator:
        return Path(target).expanduser()
    return Path(rest).expanduser() if scheme in ("file", "local") else None


def clash(data_dir: Path, target: str) -> str:
    """Why the lake cannot lie at ``target``, with the remedy; "" where it can. Creates nothing."""
    place = local_path(target)
    if place is None:
        return ""
    lake, data = _real(place), _real(data_dir)
    if _same(lake, data):
        return f"the lake and data_dir are the same directory, {data}. {_remedy(data)}"
    if _within(data, lake):
        return f"data_dir {data} lies inside the lake {lake}, which holds nothing but tables. {_remedy(data)}"
    for name in (*_OWN, *_STATES):
        own = _real(data / name)
        if _within(lake, own) or _within(own, lake):
            return f"the lake {lake} and data_dir's own {name} lie in each other. {_remedy(data)}"
    if _within(lake, data) and lake.is_relative_to(data):
        first = lake.relative_to(data).parts[0]
        if first.casefold() in _OWN:  # it may become one on a file system that does not tell case
            return f"the lake lies in {data / first}, a name that is data_dir's own. {_remedy(data)}"
    return ""


def _remedy(data: Path) -> str:
    return f"Write a directory of its own, for example file://{data / 'lake'}."


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # also of what is not there yet; a loop of links stays as it is


def _within(path: Path, folder: Path) -> bool:
    """Whether ``path`` is ``folder`` or lies below it."""
    return any(_same(each, folder) for each in (path, *path.parents))


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there: then they are different
        return False
