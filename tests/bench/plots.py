"""Bars as SVG, drawn with nothing but text: each chart is one file beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

__all__ = ["bars"]

_ROW, _TOP, _LEFT, _WIDTH, _RIGHT = 26, 44, 250, 420, 90
_OURS, _THEIRS = "#2a6f97", "#b8c4cc"


def bars(title: str, unit: str, values: Sequence[tuple[str, float, bool]]) -> str:
    """Horizontal bars (name, value, whether it is ours), longest value to the full width."""
    most = max(value for _, value, _ in values)
    height = _TOP + _ROW * len(values) + 10
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_LEFT + _WIDTH + _RIGHT}" height="{height}" '
        f'font-family="sans-serif" font-size="13" role="img" aria-label="{escape(title)}">',
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<text x="12" y="24" font-size="15">{escape(title)}</text>',
    ]
    for place, (name, value, ours) in enumerate(values):
        y = _TOP + place * _ROW
        width = max(1.0, value / most * _WIDTH)
        colour = _OURS if ours else _THEIRS
        parts += [
            f'<text x="{_LEFT - 8}" y="{y + 15}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_ROW - 6}" fill="{colour}"/>',
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 15}">{value:,.3g} {escape(unit)}</text>',
        ]
    return "\n".join([*parts, "</svg>\n"])
