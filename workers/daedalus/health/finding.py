"""`Finding`: the outcome of one check."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

__all__ = ["Finding", "Level", "bad", "ok", "warn"]


class Level(StrEnum):
    """``warn``: it works today. ``bad``: data are lost, or will be."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Finding(Struct, frozen=True, kw_only=True):
    """What was looked at, what was found, and what to do about it: "" where all is well."""

    check: str
    level: Level
    found: str
    remedy: str = ""

    @property
    def text(self) -> str:
        """What was found and what to do about it, as it is told without a table around it."""
        return f"{self.found.removesuffix('.')}. {self.remedy}" if self.remedy else self.found


def ok(check: str, found: str) -> Finding:
    return Finding(check=check, level=Level.OK, found=found)


def warn(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, level=Level.WARN, found=found, remedy=remedy)


def bad(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, level=Level.BAD, found=found, remedy=remedy)
