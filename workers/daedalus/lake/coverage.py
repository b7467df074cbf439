"""When an exchange's connections stood, and when a channel was silent without a written reason; pure.

A file that was deleted at the end of a stream leaves no gap in its ids. What speaks against it is the
rest: a channel may not be silent for long (`Channel.silence_seconds`), or the recorder would have replaced
its connection, and that is in ``connections``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from .spans import Span, between, common, count, union

__all__ = ["MINUTE_NS", "Event", "outages", "silences"]

MINUTE_NS = 60_000_000_000
_SEAL_MINUTES = 15
"""A file that was begun in an hour is in the lake so long after its end."""


class Event(Struct, frozen=True, order=True):
    """A connection was opened or closed, at UTC ns."""

    at_ns: int
    conn: str
    opened: bool


def outages(events: Iterable[Event]) -> list[Span]:
    """Times (ns) in which no connection stood: from the end of the last one to the next opening.

    A crash writes no end: of it the ledger alone tells.
    """
    ordered = sorted(set(events))
    last_of = {_process(event.conn): event.at_ns for event in ordered}
    standing: set[str] = set()
    found: list[Span] = []
    since: int | None = None
    for event in ordered:
        if event.opened:
            # Connections of a process that never speaks again are dead, even if nobody wrote that down.
            standing = {conn for conn in standing if last_of[_process(conn)] >= event.at_ns}
            if not standing and since is not None:
                found.append((since, event.at_ns - 1))
            standing.add(event.conn)
            since = None
        else:
            standing.discard(event.conn)
            if not standing:
                since = event.at_ns
    return found


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


def _process(conn: str) -> str:
    return conn.rpartition("-")[0]
