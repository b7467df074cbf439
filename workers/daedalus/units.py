"""Units of the configuration, and numbers as people read them, with their unit or noun."""

from __future__ import annotations

__all__ = ["MEGABYTE", "bytes_text", "counted", "duration_text"]

MEGABYTE = 1_000_000
"""The bytes of one ``_mb`` of the configuration."""


def bytes_text(count: float) -> str:
    """A number of bytes in the unit that reads best: ``1.2 MB`` (1 kB is 1000 bytes)."""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def counted(number: int, one: str, many: str) -> str:
    """A number with the words that agree with it: ``1 row is``, ``2,000 rows are``."""
    return f"{number:,} {one if number == 1 else many}"


def duration_text(nanoseconds: float) -> str:
    """A time in the unit that reads best: ``3.4 ms``, ``12 s``, ``5 min``."""
    for unit, size, above in (("ms", 1e6, 1e9), ("s", 1e9, 120e9), ("min", 60e9, 7200e9)):
        if abs(nanoseconds) < above:
            value = nanoseconds / size
            return f"{value:.1f} {unit}" if abs(value) < 10 else f"{value:,.0f} {unit}"
    return f"{nanoseconds / 3600e9:,.1f} h"
