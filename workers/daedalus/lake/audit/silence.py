"""When an exchange's connections stood, and when a channel was silent without a written reason; pure.

A file that was deleted at the end of a stream leaves no gap in its ids. What speaks against it is the
rest: a channel may not be silent for long (`Channel.silence_seconds`), or the recorder would have replaced
its connection, and that is in ``connections``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..spans import Span, between, common, count, union

__all__ = ["MINUTE_NS", "silences"]

MINUTE_NS = 60_000_000_000
_SEAL_MINUTES = 15
"""A file that was begun in an hour is in the lake so long after its end."""


def silences(
    minutes: Sequence[Span],
    others: Sequence[Span],
    silence_seconds: float,
    excuses: Iterable[Span],
) -> list[Span]:
    """Stretches of minutes (since 1970) in which a channel must have said something, and no row is there.

    ``minutes`` are those with a row of it, ``others`` those with a row of another channel of the exchange.
    ``excuses`` are minutes of which something is written down: a connection's begin or end, a gap.
    """
    if not minutes:
        return []
    limit = int(2 * silence_seconds / 60) + 2
    excused, _ = union(excuses)
    stretches = between(minutes)
    if others:
        # The others may be in the lake already while this one's last hour is being written.
        end = (others[-1][1] + 1 - _SEAL_MINUTES) // 60 * 60 - 1
        if end > minutes[-1][1]:
            stretches.append((minutes[-1][1] + 1, end))
    found = []
    for first, last in stretches:
        if excused:
            # Behind a connection's end nobody knows whether the channel was asked for again.
            hit = common(excused, [(first - 1, last + 1)])
            if hit:
                last = hit[0][0] - 1
        silent = [(first, last)] if first <= last else []
        if count(common(silent, others)) > limit:
            found.append((first, last))
    return found
