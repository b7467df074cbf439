"""Whether the clock is synchronized, according to the time service, else to the kernel.

A Pi without a clock chip starts with the time of its last run; until NTP answers, recorded times are wrong.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from msgspec import Struct

__all__ = ["Clock", "read_clock"]

SYNCHRONIZED = "run/systemd/timesync/synchronized"
TIMESYNC = "run/systemd/timesync"

_UNSYNCHRONIZED = 0x40
_NANOSECONDS = 0x2000


class Clock(Struct, frozen=True, kw_only=True):
    """``synchronized``: None if unknown. ``offset_seconds``: what the kernel still has to correct."""

    synchronized: bool | None = None
    offset_seconds: float | None = None


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2), in its full size because the kernel writes all of it."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    ]


def read_clock(root: Path) -> Clock:
    """The state of the clock. In a sandbox without adjtimex only the time service is asked."""
    kernel = _ask_kernel() if root == Path("/") else Clock()
    if (root / SYNCHRONIZED).exists():
        return Clock(synchronized=True, offset_seconds=kernel.offset_seconds)
    if (root / TIMESYNC).is_dir():
        # The service runs and has not heard from a server yet; the kernel's flag may be a leftover.
        return Clock(synchronized=False, offset_seconds=kernel.offset_seconds)
    return kernel


def _ask_kernel() -> Clock:
    timex = _Timex()  # modes 0: read only
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return Clock()
    if answer < 0:
        return Clock()
    scale = 1e9 if timex.status & _NANOSECONDS else 1e6
    return Clock(synchronized=not timex.status & _UNSYNCHRONIZED, offset_seconds=timex.offset / scale)
