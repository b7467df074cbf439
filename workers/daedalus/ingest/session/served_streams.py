"""Which streams one connection was asked for, and which of them it is proved to serve.

A request proves nothing: an exchange may answer late, or never. Its answer or the stream's first message
proves that it serves the stream, whichever comes first. Each step is a row of the connection's journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...exchanges.model import Channel, Subscription
from ...store.notes import Cause
from ..coverage import Coverage, Start, Stream
from ..journal import Journal

__all__ = ["ServedStreams"]

CONFIRM_SECONDS = 10.0
"""How long an exchange may take to answer for all streams."""


class ServedStreams:
    """The streams of one connection. ``now``: seconds of one monotonic clock, when it was made."""

    def __init__(
        self,
        coverage: Coverage,
        channels: Mapping[str, Channel],
        journal: Journal,
        subscriptions: Iterable[Subscription],
        now: float,
    ) -> None:
        self.awaited: set[Stream] = set()
        """Asked for and not proved yet. The listener looks at it at each message."""
        self.asked: list[Subscription] = []
        """All that were asked for."""
        self._coverage = coverage
        self._journal = journal
        self._since = now
        self._unanswered: set[Subscription] = set(subscriptions)
        self._serving: set[Stream] = set()
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}

    def ask(self, stream: Subscription, start: Start) -> None:
        """The exchange is asked for the stream on this connection now."""
        self._journal.subscribed(stream, start.cause, start.since_ns)
        self.asked.append(stream)
        self.awaited.add((stream.channel, stream.symbol))
        self._coverage.asked((stream.channel, stream.symbol))

    def answered(self, streams: Iterable[Subscription], at_ns: int) -> None:
        """The exchange says that it serves these."""
        for each in streams:
            self._unanswered.discard(each)
            key = each.channel, each.symbol
            if key not in self._coverage.silent:  # for a silent stream the same answer came before
                self._proved(key, at_ns, "answer")

    def refused(self, streams: Iterable[Subscription]) -> None:
        """The exchange says that it does not serve these: no answer is expected any more."""
        self._unanswered.difference_update(streams)

    def heard(self, channel: str, symbol: str, at_ns: int) -> None:
        """A message of a stream came; it may be its first."""
        self._proved((channel, "" if channel in self._shared else symbol), at_ns, "message")

    def fell_silent(self, channel: str, symbol: str, heard_ns: int) -> None:
        """A stream brings nothing since ``heard_ns``, unlike its channel: it counts as asked for again."""
        key = channel, symbol
        if key not in self._serving:
            return
        self._serving.discard(key)
        self._coverage.fell_silent(key, heard_ns)
        self._journal.fell_silent(Subscription(*key), heard_ns)
        self.awaited.add(key)

    def serves(self, channel: str, symbol: str) -> bool:
        """Whether this connection is proved to serve the stream."""
        return (channel, symbol) in self._serving

    def alone(self, channel: str, symbol: str) -> bool:
        """Whether no other connection serves the stream."""
        key = channel, symbol
        return self._coverage.connections(key) <= (key in self._serving)

    def settled(self, now: float) -> bool:
        """Whether the exchange has answered for all streams, or had the time to."""
        return now - self._since > CONFIRM_SECONDS or not self._unproved()

    def overdue(self, now: float) -> list[Subscription]:
        """The streams without an answer or a message, once the exchange had the time to answer."""
        return self._unproved() if now - self._since > CONFIRM_SECONDS else []

    def end(self, cause: Cause, reason: str, heard_ns: int) -> None:
        """The connection has ended; it heard its last message at ``heard_ns``."""
        self._journal.closed(self.asked, cause, reason, heard_ns)
        for key in self._serving:
            self._coverage.serves_no_more(key, heard_ns)
        self._serving.clear()
        self.awaited.clear()

    def _unproved(self) -> list[Subscription]:
        return [each for each in self._unanswered if (each.channel, each.symbol) not in self._serving]

    def _proved(self, key: Stream, at_ns: int, by: str) -> None:
        if key not in self.awaited:
            return
        self.awaited.discard(key)
        self._serving.add(key)
        self._journal.served(at_ns, Subscription(*key), by)
        self._coverage.serves(key, at_ns)
