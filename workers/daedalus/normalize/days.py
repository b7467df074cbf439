"""Under which day a row is filed."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from ..exchanges.times import IMPLAUSIBLE_NS
from ..store.raw import RawKind, RawRecord

__all__ = ["date_of", "filed_ns"]

_DAY_NS = 86_400_000_000_000
_HISTORY_NS = 366 * _DAY_NS


def filed_ns(record: RawRecord, timestamp: int) -> int:
    """The time that decides a row's day: the exchange's where it is plausible or the row was fetched."""
    earlier_ns = _HISTORY_NS if record.kind == RawKind.BACKFILL else IMPLAUSIBLE_NS
    is_plausible = -IMPLAUSIBLE_NS <= record.recv_ns - timestamp <= earlier_ns
    return timestamp if is_plausible else record.recv_ns


def date_of(ns: int) -> str:
    """The day of a time (UTC ns), as YYYY-MM-DD."""
    return _day(ns // _DAY_NS)


@lru_cache(maxsize=1024)
def _day(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 86_400, UTC):%Y-%m-%d}"
