"""The longest usual pause of each stream, learned from the stream, and which is silent for longer. Pure.

One symbol may die while its channel goes on. A long pause of one stream is a usual one of another, so each is
compared with its own longest pause. A stream that speaks again after all has taught a longer pause. Streams
that are quiet by nature (liquidations) are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from ...exchanges.model import Channel, Subscription

__all__ = ["Silent", "StreamPaces"]

LEARNED_AFTER = 10
"""How many times a stream must have been heard before its silence means anything."""

LONGER_BY = 10.0
"""A stream is silent after so many times its longest pause."""

_TRADES_SECONDS, _OTHERS_SECONDS = 300.0, 60.0
"""The shortest silence, where the channel has no limit of its own."""

_QUIET = {None, "liquidations"}


class Silent(Struct, frozen=True):
    """A stream that is silent for ``seconds``; ``usual_seconds``: its longest pause before."""

    channel: str
    symbol: str
    seconds: float
    usual_seconds: float

    def __str__(self) -> str:
        return (
            f"{self.channel} {self.symbol} for {self.seconds:.0f} s (never {self.usual_seconds:.0f} s before)"
        )


class _Pace(Struct):
    least: float
    at: float | None = None
    heard: int = 0
    longest: float = 1.0
    silent: bool = False


class StreamPaces:
    """The streams of one connection. All times are seconds of one monotonic clock."""

    def __init__(self, channels: Mapping[str, Channel], subscriptions: Iterable[Subscription]) -> None:
        self._paces: dict[str, dict[str, _Pace]] = {}
        for each in subscriptions:
            channel = channels[each.channel]
            if channel.per_symbol and (channel.silence_seconds is not None or channel.table not in _QUIET):
                paces = self._paces.setdefault(each.channel, {})
                paces[each.symbol] = _Pace(channel.silence_seconds or _least(channel))

    def look(self, heard: Mapping[str, Mapping[str, float]], now: float) -> list[Silent]:
        """Learn from when each stream was heard last; returns those that fell silent since the last look."""
        found = []
        for channel, paces in self._paces.items():
            times = heard.get(channel, {})
            newest = max(times.values(), default=now)
            for symbol, pace in paces.items():
                at = times.get(symbol)
                if at is None:
                    continue
                if at != pace.at:
                    if pace.at is not None:
                        pace.longest = max(pace.longest, at - pace.at)
                    pace.at, pace.heard, pace.silent = at, pace.heard + 1, False
                    continue
                limit = max(pace.least, LONGER_BY * pace.longest)
                goes_on = now - newest < pace.least / 2  # all silent: the connection is at fault
                if not pace.silent and goes_on and pace.heard >= LEARNED_AFTER and now - at > limit:
                    pace.silent = True
                    found.append(Silent(channel, symbol, now - at, pace.longest))
        return found


def _least(channel: Channel) -> float:
    return _TRADES_SECONDS if channel.has_trades else _OTHERS_SECONDS
