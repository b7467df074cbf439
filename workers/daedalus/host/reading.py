"""Small kernel files as text and numbers; None for a file that is missing or not readable."""

from __future__ import annotations

from pathlib import Path

__all__ = ["pairs", "text_of", "whole_number"]


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
