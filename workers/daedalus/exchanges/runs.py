"""Runs of consecutive ids, which the trades of a message or of a backfill prove complete."""

from __future__ import annotations

from collections.abc import Iterable

from .header import Data, Ids, joined

__all__ = ["backfill_header", "runs"]


def runs(numbers: Iterable[int]) -> list[Ids]:
    """The runs of consecutive ids, ascending."""
    found: list[Ids] = []
    first = last = None
    for number in sorted(set(numbers)):
        if first is None or last is None:
            first = number
        elif number != last + 1:
            found.append(Ids(first, last))
            first = number
        last = number
    return found if first is None or last is None else [*found, Ids(first, last)]


def backfill_header(channel: str, symbol: str, numbers: Iterable[int]) -> Data:
    """The header of a backfill with trades of these ids, in any order; without trades it has no ids."""
    found = [Data(channel, symbol, run) for run in runs(numbers)]
    return joined(found) if found else Data(channel, symbol)
