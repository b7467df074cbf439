"""A channel's ledger as an audit asks for it: which rows concern a stream's day, and which day reports them.

A row of the ledger is dated by the recorder's clock, other rows by the exchange's. The two may be days apart,
so a row that names ids is found by them, whatever its date.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...tables.gaps import Gap
from ..days import DAY_NS
from ..gap_rows import encloses_nothing, latest, missing_ids
from ..spans import Span

__all__ = ["Ledger"]

_Key = tuple[str, int, int | None]


class Ledger:
    """The ledger of one channel, of each gap the latest row. Times are UTC ns."""

    def __init__(self, gaps: Iterable[Gap]) -> None:
        self._gaps: dict[str, list[Gap]] = {}
        for gap in latest(gaps):
            self._gaps.setdefault(gap.symbol, []).append(gap)
        self._anew = {
            symbol for symbol, gaps in self._gaps.items() if any(encloses_nothing(gap) for gap in gaps)
        }
        self._taken: dict[_Key, bool] = {}

    @property
    def gaps(self) -> list[Gap]:
        """Every row."""
        return [gap for gaps in self._gaps.values() for gap in gaps]

    def symbols_in(self, span: Span) -> set[str]:
        """The symbols with a gap in this time."""
        return {symbol for symbol, gaps in self._gaps.items() if any(_overlaps(gap, span) for gap in gaps)}

    def covers(self, symbol: str, moment: int) -> bool:
        """Whether a moment lies in a gap of the symbol."""
        return any(_overlaps(gap, (moment, moment)) for gap in self._gaps.get(symbol, ()))

    def concerning(self, symbol: str, day: Span, ids: Sequence[Span] = ()) -> list[Gap]:
        """The rows that may concern a day: those of its time and a day around it, and of its ids.

        Where the exchange's ids started anew, an id does not tell the time.
        """
        around = day[0] - DAY_NS, day[1] + DAY_NS
        known = (ids[0][0], ids[-1][1]) if ids and symbol not in self._anew else None
        return [
            gap
            for gap in self._gaps.get(symbol, ())
            if _overlaps(gap, around) or (known is not None and _names(gap, known))
        ]

    def take(self, symbol: str, day: Span, *, shifted: bool = False) -> list[Gap]:
        """The rows that this day reports: they begin in it, and no other day reported them before.

        ``shifted``: the day's time is the recorder's, while its rows are dated by another day.
        """
        own = []
        for gap in self._gaps.get(symbol, ()):
            key = gap.symbol, gap.from_timestamp, gap.from_id
            if day[0] <= gap.from_timestamp < day[1] and key not in self._taken:
                self._taken[key] = shifted
                own.append(gap)
        return own

    def reported_elsewhere(self, symbol: str, day: Span) -> bool:
        """Whether days of other dates reported all rows of this time."""
        return all(
            self._taken.get((gap.symbol, gap.from_timestamp, gap.from_id), False)
            for gap in self._gaps.get(symbol, ())
            if _overlaps(gap, day)
        )


def _overlaps(gap: Gap, span: Span) -> bool:
    return gap.from_timestamp < max(span[1], span[0] + 1) and gap.to_timestamp > span[0]


def _names(gap: Gap, ids: Span) -> bool:
    span = missing_ids(gap)
    return span is not None and span[0] <= ids[1] + 1 and span[1] >= ids[0] - 1
