"""What is wrong with a configuration, said so that the reader can mend it without a manual."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ..errors import USAGE, DaedalusError

__all__ = ["ConfigError", "KeyPath", "Problem", "nearest", "quoted", "spell"]

KeyPath = tuple[str | int, ...]
"""Where a value stands in the file: keys of mappings and indices of lists, from the top."""

MOST_TOLD = 50

_LONGEST_QUOTE = 60


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``line`` counts from 1; 0 where no line can be named."""

    file: str
    line: int
    path: KeyPath
    text: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} {spell(self.path)}: {self.text}" if self.path else f"{place}: {self.text}"


class ConfigError(DaedalusError):
    """A configuration that cannot be used: all its problems, by line. Its text holds no secret.

    The text tells the first `MOST_TOLD` of them: a file of something else has one in every line.
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
    """A key path as people write it: ``exchanges.binance.symbols[1]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_printable(part)}"
    return text.removeprefix(".")


def nearest(word: str, known: list[str]) -> str:
    """``Did you mean 'x'? Known are x, y.``, or only what is known where nothing comes near."""
    lowered = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), lowered, n=1)
    guess = f"Did you mean '{lowered[close[0]]}'? " if close else ""
    return f"{guess}Known are {', '.join(known)}."


def quoted(text: str) -> str:
    """Someone's text in quotes, in one line, without control characters, cut where it is long."""
    return f"'{_printable(text)}'"


def _printable(text: str) -> str:
    cut = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in cut)
