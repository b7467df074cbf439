"""The terminal as the commands write to it: styles are ours, and nothing else in a text takes effect."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ..shown import shown_lines

__all__ = ["Screen"]


class Screen(Console):
    """Rich's console, which by itself lets escape sequences in a text reach the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The pieces of what is to be shown, before they are cut into lines."""
        for piece in super().render(renderable, options):
            if piece.control is None and (text := shown_lines(piece.text)) != piece.text:
                yield Segment(text, piece.style)
            else:
                yield piece
