"""What the body of a backfill proves: the runs of consecutive ids that it holds."""

from __future__ import annotations

from collections.abc import Iterable

from .model import Header, Ids, Kind

__all__ = ["backfill_header"]


def backfill_header(channel: str, symbol: str, numbers: Iterable[int]) -> Header:
    """The header of trades with these ids, in whatever order: one run in the header, the others in ``more``.

    Without trades it is DATA without ids.
    """
    first, *more = [Header(Kind.DATA, channel, symbol, run) for run in _runs(numbers)] or [
        Header(Kind.DATA, channel, symbol)
    ]
    return Header(first.kind, channel, symbol, first.ids, more=tuple(more)) if more else first


def _runs(numbers: Iterable[int]) -> list[Ids]:
    runs: list[Ids] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1].last + 1:
            runs[-1] = Ids(runs[-1].first, number)
        else:
            runs.append(Ids(number, number))
    return runs
