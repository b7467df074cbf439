"""Whether the lake may lie at its configured place, seen from the data directory.

Files that are in the lake count as safe, and retention deletes them here. If the lake were one of data_dir's
own directories, that would delete the lake. So the two are compared by what they are, not by how they are
spelled: through links, ``..``, mounts, and upper or lower case where the file system does not tell them
apart.
"""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["clash", "local_path", "within"]

_OWN = ("raw", "tables", "status", "logs")
_STATES = (
    *(f"raw/{state}" for state in ("active", "ready", "normalized", "synced", "damaged")),
    *(f"tables/{state}" for state in ("active", "ready", "synced", "carry")),
)
"""Each may be a link of its own."""


def local_path(target: str) -> Path | None:
    """The directory of this machine that a target names; None for any other URL."""
    scheme, separator, rest = target.partition("://")
    if not separator:
        return Path(target).expanduser()
    return Path(rest).expanduser() if scheme in ("file", "local") else None


def clash(data_dir: Path, target: str) -> str:
    """Why the lake cannot lie at ``target``, with the remedy; "" if it can. Creates nothing."""
    place = local_path(target)
    if place is None:
        return ""
    lake, data = _real(place), _real(data_dir)
    if _same(lake, data):
        return f"the lake and data_dir are the same directory, {data}. {_remedy(data)}"
    if within(data, lake):
        return f"data_dir {data} lies inside the lake {lake}, which holds only tables. {_remedy(data)}"
    for name in (*_OWN, *_STATES):
        own = _real(data / name)
        if within(lake, own) or within(own, lake):
            return f"one of the lake {lake} and data_dir's own {name} lies inside the other. {_remedy(data)}"
    if within(lake, data) and lake.is_relative_to(data):
        first = lake.relative_to(data).parts[0]
        if first.casefold() in _OWN:  # the same name, where the file system ignores case
            return f"the lake lies in {data / first}, a name that data_dir uses itself. {_remedy(data)}"
    return ""


def within(path: Path, folder: Path) -> bool:
    """Whether ``path`` is ``folder`` or lies below it, through links and whatever their names are."""
    place, around = _real(path), _real(folder)
    return any(_same(each, around) for each in (place, *place.parents))


def _remedy(data: Path) -> str:
    return f"Give the lake a directory of its own, for example file://{data / 'lake'}."


def _real(path: Path) -> Path:
    # Also of a path that does not exist yet; a loop of links stays as it is.
    return Path(os.path.realpath(path))


def _same(one: Path, other: Path) -> bool:
    if one == other:
        return True
    try:
        return one.samefile(other)
    except OSError:  # one of them does not exist
        return False
