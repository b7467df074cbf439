"""Whether the clock is right: what the time service says, else what the kernel says.

Without a clock chip a Pi starts with the time of its last run; until NTP answers, everything recorded
is dated wrong.
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
    """``synchronized``: None where nobody knows. ``offset_seconds``: how far the kernel still has to go."""

    synchronized: bool | None = None
    offset_seconds: float | None = None


class _Timex(ctypes.Structure):
    """struct timex of adjtimex(2); the kernel may write all of it."""

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
    """What is known. A sandbox that forbids adjtimex leaves the time service's word alone."""
    kernel = _ask_kernel() if root == Path("/") else Clock()
    if (root / SYNCHRONIZED).exists():
        return Clock(synchronized=True, offset_seconds=kernel.offset_seconds)
    if (root / TIMESYNC).is_dir():
        # It runs and has not heard from a server yet; a flag left over in the kernel proves nothing.
        return Clock(synchronized=False, offset_seconds=kernel.offset_seconds)
    return kernel


def _ask_kernel() -> Clock:
    timex = _Timex()  # modes 0: only ask
    try:
        answer = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    except (OSError, AttributeError):
        return Clock()
    if answer < 0:
        return Clock()
    scale = 1e9 if timex.status & _NANOSECONDS else 1e6
    return Clock(synchronized=not timex.status & _UNSYNCHRONIZED, offset_seconds=timex.offset / scale)
