"""A channel's ledger as an audit asks for it: which of its lines concern a stream's day, and whose they are.

A line is dated by the recorder's clock, rows by the exchange's. The two may be days apart, so lines are found
by their ids where they have some, whatever day they are dated by.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...tables.gaps import Gap
from ..gap_rows import inside, latest
from ..spans import Span

__all__ = ["Ledger"]

_DAY_NS = 86_400 * 10**9
_Key = tuple[str, int, int | None]


class Ledger:
    """All lines of one channel, of each gap the one that was learned last. Times are UTC ns."""

    def __init__(self, lines: Iterable[Gap]) -> None:
        self._lines: dict[str, list[Gap]] = {}
        for line in latest(lines):
            self._lines.setdefault(line.symbol, []).append(line)
        self._anew = {
            symbol
            for symbol, lines in self._lines.items()
            if any(line.from_id is not None and inside(line) is None for line in lines)
        }
        self._taken: dict[_Key, bool] = {}

    @property
    def lines(self) -> list[Gap]:
        """Every line."""
        return [line for lines in self._lines.values() for line in lines]

    def symbols_in(self, span: Span) -> set[str]:
        """The symbols with a line in this time."""
        return {
            symbol for symbol, lines in self._lines.items() if any(_overlaps(line, span) for line in lines)
        }

    def covers(self, symbol: str, moment: int) -> bool:
        """Whether a gap of the symbol lies over a moment."""
        return any(_overlaps(line, (moment, moment)) for line in self._lines.get(symbol, ()))

    def about(self, symbol: str, day: Span, ids: Sequence[Span] = ()) -> list[Gap]:
        """The lines that may say something of a day: of its time and a day around it, and of its ids.

        Where the exchange's numbers started anew, an id says nothing of when it was.
        """
        around = day[0] - _DAY_NS, day[1] + _DAY_NS
        known = (ids[0][0], ids[-1][1]) if ids and symbol not in self._anew else None
        return [
            line
            for line in self._lines.get(symbol, ())
            if _overlaps(line, around) or (known is not None and _names(line, known))
        ]

    def take(self, symbol: str, day: Span, *, shifted: bool = False) -> list[Gap]:
        """The lines that are this day's to tell: they begin in it, and no other day told them before.

        ``shifted``: the day's time is the recorder's, while its rows are dated by another day.
        """
        own = []
        for line in self._lines.get(symbol, ()):
            key = line.symbol, line.from_timestamp, line.from_id
            if day[0] <= line.from_timestamp < day[1] and key not in self._taken:
                self._taken[key] = shifted
                own.append(line)
        return own

    def told_elsewhere(self, symbol: str, day: Span) -> bool:
        """Whether all lines of this time were told by a day of another date."""
        return all(
            self._taken.get((line.symbol, line.from_timestamp, line.from_id), False)
            for line in self._lines.get(symbol, ())
            if _overlaps(line, day)
        )


def _overlaps(line: Gap, span: Span) -> bool:
    return line.from_timestamp < max(span[1], span[0] + 1) and line.to_timestamp > span[0]


def _names(line: Gap, ids: Span) -> bool:
    span = inside(line)
    return span is not None and span[0] <= ids[1] + 1 and span[1] >= ids[0] - 1
