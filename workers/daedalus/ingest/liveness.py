"""Is a connection alive? Judged by the data it brings, channel by channel, never by the open socket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..exchanges.base import Channel, Subscription

__all__ = ["Liveness"]

NEVER_DELIVERED_SECONDS = 60.0


class Liveness:
    """When each channel of one connection last brought something, and which streams never did.

    All times are seconds of one monotonic clock, given by the caller.
    """

    def __init__(
        self, channels: Mapping[str, Channel], subscriptions: Iterable[Subscription], now: float
    ) -> None:
        self._limits = {
            name: channel.silence_seconds
            for name, channel in channels.items()
            if channel.silence_seconds is not None
        }
        self.unheard: set[tuple[str, str]] = {(each.channel, each.symbol) for each in subscriptions}
        # One stream for all symbols is heard whichever symbol it tells of.
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}
        self.anything_heard = False
        self.last_anything = now
        """When any message came, of whatever kind."""
        self._since = now
        self._alarmed = False
        self._last: dict[str, float] = {each.channel: now for each in subscriptions}

    def heard(self, channel: str, symbol: str, now: float) -> None:
        """A message of this stream came."""
        self._last[channel] = now
        self.anything_heard = True
        if self.unheard:
            self.unheard.discard((channel, "" if channel in self._shared else symbol))

    def restart(self, now: float) -> None:
        """Reading was paused by ourselves: what was silent meanwhile says nothing of the venue."""
        self._last = dict.fromkeys(self._last, now)
        self.last_anything = now

    def silent_channel(self, now: float, patience: float = 1.0) -> str | None:
        """A channel that was silent for too long, times ``patience``; None while all are alive."""
        for channel, last in self._last.items():
            limit = self._limits.get(channel)
            if limit is not None and now - last > limit * patience:
                return channel
        return None

    def late(self, now: float) -> int:
        """How many streams have not delivered though they had time to."""
        return len(self.unheard) if now - self._since >= NEVER_DELIVERED_SECONDS else 0

    def alarm(self, now: float) -> list[tuple[str, str]]:
        """Once: the streams that were asked for long ago and have never delivered."""
        if self._alarmed or now - self._since < NEVER_DELIVERED_SECONDS:
            return []
        self._alarmed = True
        return sorted(self.unheard)
