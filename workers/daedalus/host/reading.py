"""Small kernel files, and the output of commands, as text and numbers; None for what cannot be read."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["output_of", "pairs", "text_of", "whole_number"]

COMMAND_SECONDS = 15.0


def text_of(path: Path) -> str | None:
    """The text of the file, stripped."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().strip("\0")
    except OSError:
        return None


def whole_number(path: Path, base: int = 10) -> int | None:
    """The number in the file."""
    text = text_of(path)
    try:
        return None if text is None else int(text, base)
    except ValueError:
        return None


def pairs(path: Path) -> dict[str, int]:
    """The ``name number`` lines of a file; other lines are ignored. Empty for a missing file."""
    found = {}
    for line in (text_of(path) or "").splitlines():
        name, _, number = line.partition(" ")
        if number.strip().isdigit():
            found[name] = int(number)
    return found


def output_of(*command: str) -> str | None:
    """What a command prints; None if it is missing, fails, or takes longer than `COMMAND_SECONDS`."""
    try:
        done = subprocess.run(  # noqa: S603 - our own command lines
            command, capture_output=True, timeout=COMMAND_SECONDS, check=False, text=True, errors="replace"
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
