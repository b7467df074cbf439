"""What is known of one stream's day before its assessment: what was read, and what the ledger says."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from ...tables.gaps import Gap
from ..books.replay import ReplayResult
from ..channels import IdScheme
from ..row_evidence import Evidence
from ..spans import Span

__all__ = ["DayFacts"]


class DayFacts(Struct, frozen=True):
    """One stream's day. All times are UTC ns.

    ``before`` and ``after`` are the ids of the neighbouring days. ``earlier``: the ids of the last
    day with rows, where days without rows lie between; the gap after them is reported on this day.

    ``gaps`` are the rows of the ledger that may concern this day, ``own`` those that are reported on it
    (None: those that begin in it). ``outages``: times without a connection to the exchange. ``life``: from
    when to when the stream was recorded. ``trade_ids``: the single trades that complete aggregate trades of
    this symbol stand for. ``shift_ns``: how far the recorder's clock was ahead of the rows' day.
    """

    date: str
    exchange: str
    channel: str
    symbol: str
    scheme: IdScheme
    found: Evidence
    before: Sequence[Span] = ()
    earlier: Sequence[Span] = ()
    after: Sequence[Span] = ()
    gaps: Sequence[Gap] = ()
    own: Sequence[Gap] | None = None
    outages: Sequence[Span] = ()
    life: Span | None = None
    replayed: ReplayResult | None = None
    trade_ids: Sequence[Span] = ()
    shift_ns: int = 0
