"""Text for every terminal, pipe and file: whole lines, and characters that the encoding has."""

from __future__ import annotations

import codecs
import sys
from typing import TYPE_CHECKING, TextIO

import typer

from ..shown import shown_json

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["echo_json", "print_anywhere", "show"]

_PLAIN = {"…": "...", "→": "->", "°": "deg ", "·": "-", "—": "-", "≤": "<=", "≥": ">="}
_NAME = "daedalus.plain"


def print_anywhere(*streams: TextIO) -> None:
    """Let these streams (default: stdout and stderr) write any text, whatever their encoding."""
    codecs.register_error(_NAME, _plainer)
    for stream in streams or (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)  # a stream of a test may lack it
        if reconfigure is not None:
            reconfigure(errors=_NAME)


def show(what: RenderableType) -> None:
    """Print it at the width of the terminal; in a pipe or file at its own width, one row per line."""
    from .screen import Screen

    console = Screen()
    if not console.is_terminal:
        endless = console.options.update(max_width=100_000)
        console.width = max(1, console.measure(what, options=endless).maximum)
    console.print(what)


def echo_json(text: str) -> None:
    """Print JSON, with control characters escaped: its meaning is the same."""
    typer.echo(shown_json(text))


def _plainer(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    text = error.object[error.start : error.end]
    plain = (_PLAIN.get(each) or each.encode("ascii", "backslashreplace").decode() for each in text)
    return "".join(plain), error.end
