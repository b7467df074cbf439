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

    def __init__(self, lines: Iterable[Gap]) -> None:
        self._lines: dict[str, list[Gap]] = {}
        for line in latest(lines):
            self._lines.setdefault(line.symbol, []).append(line)
        self._anew = {
            symbol for symbol, lines in self._lines.items() if any(encloses_nothing(line) for line in lines)
        }
        self._taken: dict[_Key, bool] = {}

    @property
    def lines(self) -> list[Gap]:
        """Every row."""
        return [line for lines in self._lines.values() for line in lines]

    def symbols_in(self, span: Span) -> set[str]:
        """The symbols with a gap in this time."""
        return {
            symbol for symbol, lines in self._lines.items() if any(_overlaps(line, span) for line in lines)
        }

    def covers(self, symbol: str, moment: int) -> bool:
        """Whether a moment lies in a gap of the symbol."""
        return any(_overlaps(line, (moment, moment)) for line in self._lines.get(symbol, ()))

    def concerning(self, symbol: str, day: Span, ids: Sequence[Span] = ()) -> list[Gap]:
        """The rows that may concern a day: those of its time and a day around it, and of its ids.

        Where the exchange's ids started anew, an id does not tell the time.
        """
        around = day[0] - DAY_NS, day[1] + DAY_NS
        known = (ids[0][0], ids[-1][1]) if ids and symbol not in self._anew else None
        return [
            line
            for line in self._lines.get(symbol, ())
            if _overlaps(line, around) or (known is not None and _names(line, known))
        ]

    def take(self, symbol: str, day: Span, *, shifted: bool = False) -> list[Gap]:
        """The rows that this day reports: they begin in it, and no other day reported them before.

        ``shifted``: the day's time is the recorder's, while its rows are dated by another day.
        """
        own = []
        for line in self._lines.get(symbol, ()):
            key = line.symbol, line.from_timestamp, line.from_id
            if day[0] <= line.from_timestamp < day[1] and key not in self._taken:
                self._taken[key] = shifted
                own.append(line)
        return own

    def reported_elsewhere(self, symbol: str, day: Span) -> bool:
        """Whether days of other dates reported all rows of this time."""
        return all(
            self._taken.get((line.symbol, line.from_timestamp, line.from_id), False)
            for line in self._lines.get(symbol, ())
            if _overlaps(line, day)
        )


def _overlaps(line: Gap, span: Span) -> bool:
    return line.from_timestamp < max(span[1], span[0] + 1) and line.to_timestamp > span[0]


def _names(line: Gap, ids: Span) -> bool:
    span = missing_ids(line)
    return span is not None and span[0] <= ids[1] + 1 and span[1] >= ids[0] - 1
