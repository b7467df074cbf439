"""Whether a connection is alive: judged by the data of each stream, never by the open socket. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from ...exchanges.model import Channel, Subscription
from .stream_pace import Silent, StreamPaces

__all__ = ["Liveness"]

NEVER_DELIVERED_SECONDS = 60.0


class Liveness:
    """When each stream of one connection last brought something, and which never did.

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
        # One stream for all symbols is heard with a message of any symbol.
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}
        self.anything_heard = False
        self.last_anything = now
        """When the newest message came, of any kind."""
        self._since = now
        self._alarmed = False
        subscriptions = list(subscriptions)
        self._paces = StreamPaces(channels, subscriptions)
        self._asked: defaultdict[str, set[str]] = defaultdict(set)
        for each in subscriptions:
            self._asked[each.channel].add(each.symbol)
        self._quiet_since = dict.fromkeys(self._asked, now)
        # By channel and symbol: no key has to be made for a message.
        self._last: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def heard(self, channel: str, symbol: str, now: float) -> None:
        """A message of this stream came."""
        self._last[channel][symbol] = now
        self.anything_heard = True
        if self.unheard:
            self.unheard.discard((channel, "" if channel in self._shared else symbol))

    def restart(self, now: float) -> None:
        """We had stopped reading: silence in that time says nothing about the exchange."""
        self._quiet_since = dict.fromkeys(self._quiet_since, now)
        for times in self._last.values():
            times.update(dict.fromkeys(times, now))
        self.last_anything = now

    def look(self, now: float) -> list[Silent]:
        """The streams that fell silent while their channel goes on. To be called every second."""
        for channel, times in self._last.items():
            asked = self._asked[channel]
            if len(times) > len(asked):  # symbols nobody asked for, or one stream for all symbols
                newest = max(times.values())
                kept = {symbol: at for symbol, at in times.items() if symbol in asked} | {"": newest}
                times.clear()
                times.update(kept)
        return self._paces.look(self._last, now)

    def silent_channel(self, now: float, patience: float = 1.0) -> str | None:
        """A channel that is silent for longer than its limit times ``patience``; None: all are alive."""
        for channel, since in self._quiet_since.items():
            limit = self._limits.get(channel)
            if limit is None:
                continue
            last = max(self._last[channel].values(), default=since)
            if now - max(last, since) > limit * patience:
                return channel
        return None

    def undelivered(self, now: float) -> int:
        """How many streams have not delivered yet though they had time to."""
        return len(self.unheard) if now - self._since >= NEVER_DELIVERED_SECONDS else 0

    def alarm(self, now: float) -> list[tuple[str, str]]:
        """The streams that were asked for long ago and never delivered; told once."""
        if self._alarmed or now - self._since < NEVER_DELIVERED_SECONDS:
            return []
        self._alarmed = True
        return sorted(self.unheard)
