"""Small line plots as SVG, one below the other, over the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["plot"]

WIDTH, HEIGHT, LEFT, TOP = 760, 120, 70, 28
MOST_POINTS = 300
COLOURS = ("#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#8c564b")

Lines = Mapping[str, Sequence[float]]


def plot(title: str, across: Sequence[float], unit: str, panels: Mapping[str, Lines]) -> str:
    """One panel for each entry: its caption, and lines by name, a value for each place in ``across``."""
    height = TOP + len(panels) * (HEIGHT + 46) + 10
    body = [f'<text x="{LEFT}" y="18" font-weight="bold">{title}</text>']
    for place, (caption, lines) in enumerate(panels.items()):
        body += _panel(caption, lines, across, TOP + place * (HEIGHT + 46) + 20)
    body.append(f'<text x="{LEFT + WIDTH}" y="{height - 4}" text-anchor="end">{across[-1]:.1f} {unit}</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{LEFT + WIDTH + 20}" height="{height}" '
        'font-family="sans-serif" font-size="12"><rect width="100%" height="100%" fill="white"/>\n'
        + "\n".join(body)
        + "\n</svg>\n"
    )


def _panel(caption: str, lines: Lines, across: Sequence[float], top: float) -> list[str]:
    highest = max(max(values) for values in lines.values()) * 1.1 or 1.0
    drawn = [
        f'<text x="{LEFT}" y="{top - 4}">{caption}</text>',
        f'<path d="M{LEFT},{top}v{HEIGHT}h{WIDTH}" fill="none" stroke="#999"/>',
        f'<text x="{LEFT - 6}" y="{top + 10}" text-anchor="end">{highest:.3g}</text>',
        f'<text x="{LEFT - 6}" y="{top + HEIGHT}" text-anchor="end">0</text>',
    ]
    for number, (name, values) in enumerate(lines.items()):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{LEFT + at / across[-1] * WIDTH:.1f},{top + HEIGHT * (1 - value / highest):.1f}"
            for at, value in list(zip(across, values, strict=True))[:: max(1, len(across) // MOST_POINTS)]
        )
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}"/>')
        drawn.append(
            f'<text x="{LEFT + WIDTH - 4}" y="{top - 4}" dx="{-110 * number}" text-anchor="end" '
            f'fill="{colour}">{name}</text>'
        )
    return drawn
