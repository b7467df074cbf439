"""A stream's day as it is assessed: what was read of it, and what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import IdScheme
from ..row_evidence import Evidence
from ..spans import Span

__all__ = ["Day", "bounds_of"]


class Day(Struct, frozen=True):
    """What is assessed. ``before`` and ``after`` are the ids of the neighbouring days; ``owed`` those of
    an earlier day, where days without a row lie between: the gap after them is reported on this day.

    ``lines`` are the ledger's that may concern this day, ``own`` those that are reported on this day (None:
    that begin in it); ``outages`` times (UTC ns) in which no connection to the exchange stood. ``life`` is
    from when to when the stream was there. ``parts`` are the single trades that complete aggregate trades of
    the same symbol stand for. ``shift_ns``: how far the recorder's clock was ahead of the rows' day.
    """

    date: str
    exchange: str
    channel: str
    symbol: str
    rule: IdScheme
    found: Evidence
    before: Sequence[Span] = ()
    owed: Sequence[Span] = ()
    after: Sequence[Span] = ()
    lines: Sequence[Gap] = ()
    own: Sequence[Gap] | None = None
    outages: Sequence[Span] = ()
    life: Span | None = None
    replayed: ReplayResult | None = None
    parts: Sequence[Span] = ()
    shift_ns: int = 0


def bounds_of(day: str) -> Span:
    """The day's first ns and the one after its last (UTC)."""
    begin = date.fromisoformat(day)
    begins, ends = (
        datetime(each.year, each.month, each.day, tzinfo=UTC) for each in (begin, begin + timedelta(days=1))
    )
    return int(begins.timestamp()) * 10**9, int(ends.timestamp()) * 10**9
