"""Lists of instruments, read entry by entry: an unreadable entry affects only itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from ..tables.rows import Instrument, Listing
from .reading import UNREADABLE

__all__ = ["listing"]

_E = TypeVar("_E")


def listing(entries: Iterable[_E], read: Callable[[_E], Instrument | None]) -> Listing:
    """Read each entry; ``read`` returns None to skip one. Raises `ValueError` if all are unreadable."""
    found = Listing()
    readable = False
    for entry in entries:
        try:
            one = read(entry)
        except UNREADABLE:
            found.unreadable += 1
            continue
        readable = True
        if one is not None:
            found.append(one)
    if found.unreadable and not readable:
        raise ValueError(f"none of the {found.unreadable:,} entries of the list can be read")
    return found
