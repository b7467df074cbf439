"""`Problem`: something that somebody should know, and `Cure`: what the watchdog may do about it itself."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

__all__ = ["Cure", "Problem"]


class Cure(StrEnum):
    """What the watchdog may do."""

    NONE = "none"
    RESTART = "restart"  # rate-limited
    RESTART_ONCE = "restart once"  # a second time would not help more than the first


class Problem(Struct, frozen=True, kw_only=True):
    """One thing that is wrong now.

    ``key`` stays the same while it lasts and names it once and for all. ``holds_seconds``: how long it
    must last before it is told or cured: what a second look does not find again was no problem.
    ``momentary``: it has happened, and is not over at any time; so no recovery is announced.
    """

    key: str
    text: str
    critical: bool = False
    worker: str = ""
    cure: Cure = Cure.NONE
    holds_seconds: float = 0.0
    momentary: bool = False
