"""Detects that an exchange's numbering of trades starts anew, from what the trades say.

An id that comes again is a duplicate only with the same time, price and amount. Otherwise it is another
trade, of a new numbering. So is a smaller id that the exchange dates later than the largest one. A time that
is hours away from the arrival is wrong and decides nothing.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

from msgspec import Struct

from ..exchanges.continuity import Continuity
from ..exchanges.reading import number_of
from ..exchanges.times import IMPLAUSIBLE_NS
from ..tables.rows import AggTrade, Row, Trade

__all__ = ["NewestTrades", "Renumbering", "content_of", "plausible"]

REMEMBERED = 128
"""Trades per symbol; older ones are told apart by their time."""

LEFT = 32
"""Those of them that a segment leaves for the next."""

_LATER_NS = 1_000_000_000
"""How far an exchange's times may be out of step with its ids."""


def plausible(timestamp: int | None, recv_ns: int) -> int | None:
    """An exchange's time; None if it is hours away from the arrival."""
    return timestamp if timestamp is not None and abs(timestamp - recv_ns) <= IMPLAUSIBLE_NS else None


def content_of(row: Trade | AggTrade) -> int:
    """Side, price and amount of a trade, as 32 bits."""
    return zlib.crc32(f"{row.side} {row.price!r} {row.amount!r}".encode())


class NewestTrades(Struct, frozen=True):
    """The newest trades of one symbol; becomes JSON as it is. Times are UTC ns.

    ``time_ns``, ``recv_ns``: of the trade with the largest id. ``trades``: (id, time, content), oldest first.
    """

    symbol: str
    time_ns: int | None
    recv_ns: int
    trades: list[tuple[int, int | None, int]]


class _Count(Struct):
    time_ns: int | None = None
    recv_ns: int = 0
    largest: int = -1
    rows: dict[int, tuple[Trade | AggTrade, int]] = {}  # with their arrival (UTC ns)
    earlier: dict[int, tuple[int | None, int]] = {}  # (time, content) of trades of the segment before

    def said(self, number: int) -> tuple[int | None, int] | None:
        """Time and content of the trade of this number; None if it is not remembered."""
        found = self.rows.get(number)
        return self.earlier.get(number) if found is None else _said(*found)


class Renumbering:
    """Follows the trades of one channel with consecutive ids."""

    def __init__(self, channel: str, continuity: Continuity, state: Sequence[NewestTrades] = ()) -> None:
        self._channel = channel
        self._continuity = continuity
        self._counts = {
            each.symbol: _Count(
                each.time_ns,
                each.recv_ns,
                max((number for number, _, _ in each.trades), default=-1),
                earlier={number: (time_ns, content) for number, time_ns, content in each.trades},
            )
            for each in state
        }

    def anew(self, rows: Sequence[Row], recv_ns: int) -> set[str]:
        """The symbols whose numbering starts anew with a message. Called before its ids are observed."""
        found: set[str] = set()
        for row in rows:
            number = number_of(row)
            if number is None or not isinstance(row, Trade | AggTrade):
                continue
            count = self._counts.get(row.symbol)
            if count is None:
                self._counts[row.symbol] = count = _Count()
            elif (
                number <= count.largest
                and row.symbol not in found
                and self._contradicts(count, number, row, recv_ns)
            ):
                found.add(row.symbol)
                self._counts[row.symbol] = count = _Count()
            if number > count.largest:
                count.largest, count.time_ns, count.recv_ns = number, row.timestamp, recv_ns
            count.rows[number] = row, recv_ns
            if len(count.rows) > REMEMBERED:
                del count.rows[next(iter(count.rows))]
        return found

    def state(self) -> list[NewestTrades]:
        """What the next segment needs, by symbol."""
        return [
            NewestTrades(symbol, count.time_ns, count.recv_ns, _newest(count))
            for symbol, count in sorted(self._counts.items())
        ]

    def _contradicts(self, count: _Count, number: int, row: Trade | AggTrade, recv_ns: int) -> bool:
        known = count.said(number)
        if known is not None:
            then_ns, content = known
            now_ns, again = _said(row, recv_ns)
            return content != again or (None not in (then_ns, now_ns) and then_ns != now_ns)
        first = self._continuity.first(self._channel, row.symbol)
        if first is None or (number >= first and self._continuity.missing(self._channel, row.symbol, number)):
            return False  # it comes late, and fills a gap
        if row.timestamp is None or count.time_ns is None:
            return False
        later_ns = row.timestamp - count.time_ns
        return later_ns > _LATER_NS and abs(later_ns - (recv_ns - count.recv_ns)) <= IMPLAUSIBLE_NS


def _said(row: Trade | AggTrade, recv_ns: int) -> tuple[int | None, int]:
    return plausible(row.timestamp, recv_ns), content_of(row)


def _newest(count: _Count) -> list[tuple[int, int | None, int]]:
    known = count.earlier | {number: _said(*found) for number, found in list(count.rows.items())[-LEFT:]}
    return [(number, *said) for number, said in list(known.items())[-LEFT:]]
