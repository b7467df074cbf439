"""UTC days and minutes of times in ns; pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from .spans import Span

__all__ = ["DAY_NS", "MINUTE_NS", "bounds_of", "day_of", "next_day"]

MINUTE_NS = 60_000_000_000
DAY_NS = 86_400_000_000_000


def day_of(ns: int) -> str:
    """The UTC day of a time, as ``YYYY-MM-DD``."""
    return f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%d}"


def bounds_of(day: str) -> Span:
    """The first ns of a UTC day, and the first ns of the next one."""
    begin = date.fromisoformat(day)
    first = int(datetime(begin.year, begin.month, begin.day, tzinfo=UTC).timestamp()) * 10**9
    return first, first + DAY_NS


def next_day(day: str) -> str:
    """The day after."""
    return str(date.fromisoformat(day) + timedelta(days=1))
