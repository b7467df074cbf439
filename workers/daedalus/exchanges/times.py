"""Exchanges' times as UTC nanoseconds; integers only, so that they are exact."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import datetime
from functools import lru_cache

__all__ = ["IMPLAUSIBLE_NS", "epoch_ns", "rfc3339_ns"]

IMPLAUSIBLE_NS = 2 * 3_600_000_000_000
"""An exchange's time further than this from the arrival is wrong: the row keeps it, nothing depends on it."""

_LARGEST_NS = 2**63 - 1
_SMALLEST_MICROSECONDS = 100_000_000_000_000  # as milliseconds: the year 5138
_FRACTION = re.compile(r"(?:\.(\d{1,9})\d*)?(?:Z|\+00:00)", re.ASCII)


def epoch_ns(value: int) -> int | None:
    """Milliseconds or microseconds since 1970 (told apart by size) in ns; None for no time.

    Zero counts as no time: exchanges send it for "not set".
    """
    ns = value * 1_000_000 if value < _SMALLEST_MICROSECONDS else value * 1_000
    return ns if 0 < ns <= _LARGEST_NS else None


def rfc3339_ns(text: str) -> int | None:
    """``2021-04-17T16:43:37.089723Z`` in ns, up to nine digits of fraction; None for no time.

    Years before 1970 count as no time: Coinbase sends ``0001-01-01T00:00:00.000000Z`` for "not set".
    """
    second = _second(text[:19])
    if second is None:
        return None
    if len(text) == 27 and text[26] == "Z" and text[19] == "." and text[20:26].isdecimal():
        ns = second + int(text[20:26]) * 1_000
    elif match := _FRACTION.fullmatch(text, 19):
        ns = second + int((match[1] or "").ljust(9, "0"))
    else:
        return None
    return ns if 0 < ns <= _LARGEST_NS else None


@lru_cache(maxsize=1024)
def _second(text: str) -> int | None:
    """A whole second in ns. Cached: many messages have the same second."""
    try:
        return timegm(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S").timetuple()) * 1_000_000_000
    except ValueError:
        return None
