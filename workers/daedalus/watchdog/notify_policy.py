"""When a person is told about a problem: when something changes, not at every look.

A problem is told when it has lasted for its ``holds_seconds``, when it turns critical, every
``repeat_seconds`` while it lasts, and when it is over. It is over when two looks have not found it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec
from msgspec import Struct

from ..units import duration_text
from .problem import Problem
from .state import OpenProblem

__all__ = ["Announcement", "follow_problems"]

OVER_SECONDS = 100.0
MOMENTARY_SECONDS = 3_600.0
"""The same momentary problem is not told again within an hour."""


class Announcement(Struct, frozen=True):
    """One line for a person. ``critical``: data are being lost, or may soon be."""

    text: str
    critical: bool = False


def follow_problems(
    problems: Iterable[Problem],
    known: Mapping[str, OpenProblem],
    *,
    at: float,
    now_ns: int,
    repeat_seconds: float,
) -> tuple[dict[str, OpenProblem], list[Announcement]]:
    """The problems that are open after this look, and what to tell."""
    found = {problem.key: problem for problem in problems}
    still: dict[str, OpenProblem] = {}
    news: list[Announcement] = []
    for key, before in known.items():
        if key not in found:
            kept, word = _follow_gone(before, at)
            if kept is not None:
                still[key] = kept
            news += [word] if word else []
    for key, problem in found.items():
        still[key], word = _follow_found(problem, known.get(key), at, now_ns, repeat_seconds)
        news += [word] if word else []
    return still, news


def _follow_found(
    problem: Problem, before: OpenProblem | None, at: float, now_ns: int, repeat_seconds: float
) -> tuple[OpenProblem, Announcement | None]:
    now = OpenProblem(
        text=problem.text,
        critical=problem.critical,
        first_ns=before.first_ns if before else now_ns,
        first=before.first if before else at,
        last=at,
        told=before.told if before else None,
        momentary=problem.momentary,
    )
    if at - now.first < problem.holds_seconds:
        return now, None
    worse = before is not None and problem.critical and not before.critical
    repeat = MOMENTARY_SECONDS if problem.momentary else repeat_seconds
    if now.told is not None and not worse and at - now.told < repeat:
        return now, None
    again = now.told is not None and not worse and not problem.momentary
    text = f"still, since {duration_text((at - now.first) * 1e9)}: {problem.text}" if again else problem.text
    return msgspec.structs.replace(now, told=at), Announcement(text, problem.critical)


def _follow_gone(before: OpenProblem, at: float) -> tuple[OpenProblem | None, Announcement | None]:
    if before.momentary:
        return (before if at - before.last < MOMENTARY_SECONDS else None), None
    if before.told is None:
        return None, None
    if at - before.last < OVER_SECONDS:
        return before, None
    lasted = duration_text((before.last - before.first) * 1e9)
    return None, Announcement(f"over, after {lasted}: {before.text}")
