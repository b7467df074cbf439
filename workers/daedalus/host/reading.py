"""Small kernel files as text and numbers; what is not there, or not for us, is None."""

from __future__ import annotations

from pathlib import Path

__all__ = ["pairs", "text_of", "whole_number"]


def text_of(path: Path) -> str | None:
    """The file's text without the white space around it."""
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip().strip("\0")
    except OSError:
        return None


def whole_number(path: Path, base: int = 10) -> int | None:
    """The one number that a file holds."""
    text = text_of(path)
    try:
        return None if text is None else int(text, base)
    except ValueError:
        return None


def pairs(path: Path) -> dict[str, int]:
    """A file of ``name number`` lines; empty where there is none. Other lines are left out."""
    found = {}
    for line in (text_of(path) or "").splitlines():
        name, _, number = line.partition(" ")
        if number.strip().isdigit():
            found[name] = int(number)
    return found
