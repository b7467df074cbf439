"""The terminal as commands write to it: only our own styles take effect, no escape sequence of a text."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ..shown import shown_lines

__all__ = ["Screen"]


class Screen(Console):
    """Rich's console; by itself it passes escape sequences in a text on to the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces to print, before rich cuts them into lines."""
        for piece in super().render(renderable, options):
            if piece.control is None and (text := shown_lines(piece.text)) != piece.text:
                yield Segment(text, piece.style)
            else:
                yield piece
