"""The terminal as commands write to it: only our own styles take effect, no escape sequence of a text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ..shown import shown_lines

if TYPE_CHECKING:
    from rich.progress import Progress

__all__ = ["Screen", "byte_progress"]


class Screen(Console):
    """Rich's console; by itself it passes escape sequences in a text on to the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces to print, before rich cuts them into lines."""
        for piece in super().render(renderable, options):
            if piece.control is None and (text := shown_lines(piece.text)) != piece.text:
                yield Segment(text, piece.style)
            else:
                yield piece


def byte_progress(doing: str) -> Progress:
    """A bar of bytes on stderr that goes away when all is read; nothing where stderr is no terminal."""
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    errors = Screen(stderr=True)
    columns = (TextColumn(doing), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal)
