"""Which days of a channel are read to assess those that were asked for; pure.

A day's figures need its neighbours: ids of two days may interleave around midnight, a gap or an outage may
begin on one and end on the other, a book goes on from the day before. They are read too, and not reported.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

from ...tables.gaps import Gap

__all__ = ["days_of_gaps", "days_to_read"]

_LOOK_BACK = 8
_MOST_DAYS = 100
"""A longer gap comes from a broken clock."""


def days_of_gaps(gaps: Iterable[Gap]) -> set[str]:
    """The days of gaps that are not filled; a lake may have no file of them."""
    found: set[str] = set()
    for gap in gaps:
        if gap.status == "filled":
            continue
        day, last = _day(gap.from_timestamp), _day(gap.to_timestamp)
        if (last - day).days <= _MOST_DAYS:
            found.update(str((day + timedelta(days=more)).date()) for more in range((last - day).days + 1))
    return found


def days_to_read(
    days: Sequence[str],
    with_rows: set[str],
    asked: set[str],
    reaches: Callable[[str, str], bool] = lambda _first, _before: True,
) -> list[str]:
    """The days from the nearest one with rows before those ``asked`` for to the nearest one behind them.

    ``reaches`` is given the first day asked for and one before it, and says whether reading from there is
    enough. Until it does, a day further back is tried, at most `_LOOK_BACK` days with rows.
    """
    if not asked:
        return []
    first, last = min(asked), max(asked)
    before = first
    for before in sorted((day for day in with_rows if day < first), reverse=True)[:_LOOK_BACK]:
        if reaches(first, before):
            break
    after = min((day for day in with_rows if day > last), default=last)
    return [day for day in days if before <= day <= after]


def _day(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // 10**9, UTC).replace(hour=0, minute=0, second=0)
