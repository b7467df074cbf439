"""Sets of whole numbers as sorted spans (first, last), both inclusive; pure.

A day of ids is a few spans, however many ids it has: one more for each gap.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import pairwise

__all__ = ["Span", "between", "common", "count", "minus", "overlapping", "union"]

Span = tuple[int, int]


def union(spans: Iterable[Span]) -> tuple[list[Span], int]:
    """The numbers in any of these, and how many repetitions there were."""
    merged: list[Span] = []
    repeated = 0
    for first, last in sorted(spans):
        if merged and first <= merged[-1][1]:
            repeated += min(last, merged[-1][1]) - first + 1
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return merged, repeated


def count(spans: Iterable[Span]) -> int:
    """How many numbers are in these disjoint spans."""
    return sum(last - first + 1 for first, last in spans)


def minus(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The numbers in ``spans`` and not in ``others``; both sorted and disjoint."""
    left: list[Span] = []
    at = 0
    for first, last in spans:
        while at < len(others) and others[at][1] < first:
            at += 1
        ahead = at
        while ahead < len(others) and others[ahead][0] <= last:
            if others[ahead][0] > first:
                left.append((first, others[ahead][0] - 1))
            first = others[ahead][1] + 1
            ahead += 1
        if first <= last:
            left.append((first, last))
    return left


def common(spans: Sequence[Span], others: Sequence[Span]) -> list[Span]:
    """The numbers in both; both sorted and disjoint."""
    return minus(spans, minus(spans, others))


def overlapping(spans: Sequence[Span], span: Span) -> int:
    """How many numbers of ``span`` are in these sorted, disjoint spans; quick also among many."""
    at = bisect_left(spans, span[0], key=lambda each: each[1])
    found = 0
    while at < len(spans) and spans[at][0] <= span[1]:
        found += min(spans[at][1], span[1]) - max(spans[at][0], span[0]) + 1
        at += 1
    return found


def between(spans: Sequence[Span]) -> list[Span]:
    """The gaps between these sorted, disjoint spans."""
    return [(one[1] + 1, after[0] - 1) for one, after in pairwise(spans)]
