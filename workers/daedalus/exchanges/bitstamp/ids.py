"""Bitstamp's times and event ids as comparable numbers."""

from __future__ import annotations

from functools import lru_cache

from ..model import Ids

__all__ = ["event_ids", "microseconds_ns", "time_ids"]

_LONGEST_TIME = 16  # digits
_LARGEST_NS = 2**63 - 1

_EPOCH_US = 1_577_836_800_000_000
"""2020-01-01, from which event ids count: 50 bits of microseconds last until 2055."""


def microseconds_ns(text: str) -> int | None:
    """A ``microtimestamp`` in ns; None for no time."""
    if len(text) > _LONGEST_TIME or not (text.isascii() and text.isdigit()):
        return None
    ns = int(text) * 1_000
    return ns if 0 < ns <= _LARGEST_NS else None


def time_ids(text: str) -> Ids | None:
    """A ``microtimestamp`` as the id of a change: it gives an order, but proves nothing complete."""
    number = microseconds_ns(text)
    return None if number is None else Ids(number // 1_000, number // 1_000)


def event_ids(event: str, previous: str) -> Ids | None:
    """The link of an order's event to the one before; None if either id is unreadable."""
    last, before = _event_number(event), _event_number(previous)
    if last is None or before is None:
        return None
    return Ids(min(before + 1, last), last, before)


@lru_cache(maxsize=1024)  # each is read twice: as an id, and as the predecessor of the next event
def _event_number(text: str) -> int | None:
    """``00065aad-a8b2-3408-0000-000102000020`` as a number of 62 bits.

    The first 16 digits are the time in microseconds, the next four count the events of that time. (Of the
    rest, one digit turns from 0 to 3 with the events, and the end stays the same for a market.)
    """
    if len(text) != 36 or text[8] != "-" or text[13] != "-" or text[18] != "-":
        return None
    try:
        time = int(text[:8] + text[9:13] + text[14:18], 16) - _EPOCH_US
        count = int(text[19:23], 16)
    except ValueError:
        return None
    return time << 12 | count if 0 <= time < 2**50 and 0 <= count < 2**12 else None
