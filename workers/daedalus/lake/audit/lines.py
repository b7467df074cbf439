"""Lines of text in columns, never folded or cut, for pipes, files and mails; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ...shown import shown
from .report import StreamDay, Verdict

__all__ = ["aligned", "percent_text", "sentence", "stream_lines"]

WIDTH = 80
_SENTENCES = {
    Verdict.COMPLETE: "proved complete",
    Verdict.REPAIRED: "repaired",
    Verdict.UNPROVED: "cannot be proved",
    Verdict.BROKEN: "BROKEN",
}


def aligned(rows: Sequence[Sequence[str]], right: Iterable[int] = ()) -> list[str]:
    """Rows as lines, each column as wide as its longest text; columns in ``right`` are right-aligned."""
    if not rows:
        return []
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    ends = set(right)
    return [
        "  ".join(
            text.rjust(width) if at in ends else text.ljust(width)
            for at, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def sentence(stream: StreamDay) -> str:
    """The verdict on a stream's day, in words."""
    if stream.verdict is Verdict.MISSING:
        said = "missing an unknown number" if stream.missing is None else f"missing {stream.missing:,}"
    elif stream.verdict is Verdict.UNPROVED and stream.proof != "none":
        said = "no loss, by the ledger alone"  # what would prove it is not in the rows
    else:
        said = _SENTENCES[stream.verdict]
    return f"{said} by {stream.evidence}" if stream.proved else said


def stream_lines(streams: Sequence[StreamDay], *, dates: bool = True, width: int = WIDTH) -> list[str]:
    """One line for each stream's day: its names, the verdict, and as many figures as fit into ``width``.

    Names stand in columns where the verdicts still fit.
    """
    names = [
        [*((stream.date,) if dates else ()), stream.exchange, stream.channel, stream.symbol]
        for stream in streams
    ]
    said = [sentence(stream) for stream in streams]
    heads = aligned(names)
    broad = max(map(len, heads), default=0)
    if broad + 2 + max(map(len, said), default=0) <= width:
        heads = [head.ljust(broad) for head in heads]
    else:
        heads = [" ".join(name) for name in names]
    lines = []
    for head, verdict, stream in zip(heads, said, streams, strict=True):
        line = f"{head}  {verdict}"
        for figure in _figures(stream):
            if len(line) + 2 + len(figure) > width:
                break
            line += f", {figure}"
        lines.append(shown(line))
    return lines


def _figures(stream: StreamDay) -> list[str]:
    """Figures worth showing, the most important first."""
    found = []
    if stream.complete_percent is not None and stream.complete_percent < 100:
        found.append(f"{percent_text(stream.complete_percent)} % of {stream.basis}")
    if stream.seconds_unconnected:
        found.append(f"off {stream.seconds_unconnected:,.1f} s")
    if stream.lossy:
        found.append("lossy by design")
    if stream.gaps_filled:
        found.append(f"{stream.gaps_filled:,} filled")
    return found


def percent_text(value: float) -> str:
    """A percentage; only 100 itself is shown as 100."""
    return "100" if value == 100 else f"{min(value, 99.999):.3f}".rstrip("0").rstrip(".")
