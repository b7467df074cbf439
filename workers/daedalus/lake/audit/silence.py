"""Channels that were silent without a written reason; pure.

A file deleted at the end of a stream leaves no gap in its ids. But a channel may not be silent for long
(`Channel.silence_seconds`): the recorder would have replaced its connection, and ``connections`` would say
so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ...units import counted
from ..channels import channel_of
from ..connections import Event
from ..days import MINUTE_NS
from ..spans import Span, between, common, count, union
from .channel_audit import ChannelResult
from .report import Finding

__all__ = ["silences", "silent_channels"]

_SEAL_MINUTES = 15
"""So long after its hour ends, a file is in the lake."""


def silent_channels(
    exchange: str, results: Mapping[str, ChannelResult], events: Sequence[Event]
) -> list[Finding]:
    """Channels without rows while others of the exchange had some, and nothing that explains it."""
    found = []
    opened = [(event.at_ns // MINUTE_NS, event.at_ns // MINUTE_NS) for event in events]
    for channel, result in results.items():
        limit = channel_of(exchange, channel).silence_seconds
        if limit is None:
            continue
        others, _ = union(span for name, each in results.items() if name != channel for span in each.minutes)
        for first, last in silences(result.minutes, others, limit, [*opened, *result.gap_minutes]):
            length = counted(last - first + 1, "minute", "minutes")
            text = (
                f"no row for {length} from {_minute(first)} on, while other channels had some and no "
                "connection ended: rows are missing, or were never written"
            )
            found.append(Finding("silent", f"{exchange} {channel}", text))
    return found


def silences(
    minutes: Sequence[Span],
    others: Sequence[Span],
    silence_seconds: float,
    excuses: Iterable[Span],
) -> list[Span]:
    """Stretches of minutes (since 1970) without a row, in which a channel must have sent something.

    ``minutes`` are those with a row of it, ``others`` those with a row of another channel of the exchange.
    ``excuses``: minutes that the lake explains, by a connection's begin or end or by a gap.
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
            # After a connection's end nothing shows whether the channel was subscribed to again.
            hit = common(excused, [(first - 1, last + 1)])
            if hit:
                last = hit[0][0] - 1
        silent = [(first, last)] if first <= last else []
        if count(common(silent, others)) > limit:
            found.append((first, last))
    return found


def _minute(number: int) -> str:
    return f"{datetime.fromtimestamp(number * 60, UTC):%Y-%m-%d %H:%M}"
