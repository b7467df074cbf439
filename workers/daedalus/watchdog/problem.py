"""`Problem`: a finding that somebody should know of, and what the watchdog may do about it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from ..health.finding import Finding

__all__ = ["TWO_LOOKS_SECONDS", "Cure", "Problem", "problem_of"]

TWO_LOOKS_SECONDS = 50.0
"""Longer than one look, shorter than two: it was so both times."""


class Cure(StrEnum):
    """What the watchdog may do."""

    NONE = "none"
    RESTART = "restart"  # rate-limited
    RESTART_ONCE = "restart once"  # a second time would not help more than the first


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong now.

    ``key`` names it and stays the same while it lasts. ``holds_seconds``: how long it must last before it is
    told or cured. ``momentary``: it has happened and cannot end, so no recovery is announced.
    """

    key: str
    text: str
    critical: bool = False
    worker: str = ""
    cure: Cure = Cure.NONE
    holds_seconds: float = 0.0
    momentary: bool = False


def problem_of(
    finding: Finding,
    key: str,
    *,
    critical: bool = False,
    worker: str = "",
    cure: Cure = Cure.NONE,
    holds_seconds: float = TWO_LOOKS_SECONDS,
    momentary: bool = False,
) -> Problem:
    """A finding as a problem. ``critical``: a person is to be woken for it."""
    return Problem(
        key=key,
        text=finding.text,
        critical=critical,
        worker=worker,
        cure=cure,
        holds_seconds=holds_seconds,
        momentary=momentary,
    )
