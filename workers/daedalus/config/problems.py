"""Problems of a configuration, each with its place and a remedy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import USAGE, DaedalusError

__all__ = ["ConfigError", "KeyPath", "Problem", "nearest", "quoted", "spell"]

KeyPath = tuple[str | int, ...]
"""The place of a value in the file: keys of mappings and indices of lists, from the top."""

MOST_TOLD = 50

_LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Problem:
    """One problem. ``line`` counts from 1; 0 if unknown."""

    file: str
    line: int
    path: KeyPath
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {spell(self.path)}: {self.text}" if self.path else f"{place}: {self.text}"


class ConfigError(DaedalusError):
    """A configuration that cannot be used: all its problems, by line. The text contains no secret.

    Only the first `MOST_TOLD` are shown: a file that is not a configuration may have one in every line.
    """

    exit_code = USAGE

    def __init__(self, problems: Iterable[Problem]) -> None:
        ordered = sorted(problems, key=lambda problem: problem.line)
        self.problems: tuple[Problem, ...] = tuple(dict.fromkeys(ordered))
        told = [str(problem) for problem in self.problems[:MOST_TOLD]]
        if more := len(self.problems) - len(told):
            told.append(f"{self.problems[MOST_TOLD].file}: {more:,} more like these. Is this the right file?")
        super().__init__("\n".join(told))


def spell(path: KeyPath) -> str:
    """A key path as text: ``exchanges.binance.symbols[1]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_printable(part)}"
    return text.removeprefix(".")


def nearest(word: str, known: list[str]) -> str:
    """``Did you mean 'x'? Known are x, y.``; without the first sentence if no name is similar."""
    lowered = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), lowered, n=1)
    guess = f"Did you mean '{lowered[close[0]]}'? " if close else ""
    return f"{guess}Known are {', '.join(known)}."


def quoted(text: str) -> str:
    """Text of the user in quotes: one line, control characters escaped, shortened."""
    return f"'{_printable(text)}'"


def _printable(text: str) -> str:
    cut = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
