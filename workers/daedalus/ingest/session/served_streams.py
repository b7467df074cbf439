"""The service: which streams one connection was asked for, and which of them it is proved to serve.

To be asked is not to serve: an exchange may answer late, or never. Its answer or the stream's first message
proves it, whichever comes first. Each step is written into the connection's journal, and what no
connection served in between is asked for over REST where it can be had.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from ...exchanges.model import Subscription
from ..journal import Journal
from ..recorder_state import RecorderState

__all__ = ["ServedStreams", "Start"]

CONFIRM_SECONDS = 10.0

Key = tuple[str, str]
"""Channel and symbol of a stream; of one stream for all symbols the symbol is empty."""


class Start(Struct, frozen=True):
    """Why the streams were not recorded before a session, and until when (UTC ns) they were."""

    cause: str
    since_ns: int | None = None


class ServedStreams:
    """The streams of one connection. ``now``: seconds of one monotonic clock, when it was opened."""

    def __init__(
        self, recorder: RecorderState, journal: Journal, subscriptions: Iterable[Subscription], now: float
    ) -> None:
        self.awaited: set[Key] = set()
        """The streams that were asked for and are not proved. The listener looks at it at each message."""
        self.streams: list[Subscription] = []
        """All that were asked for."""
        self._recorder = recorder
        self._journal = journal
        self._since = now
        self._unanswered: set[Subscription] = set(subscriptions)
        self._serving: set[Key] = set()
        channels = recorder.exchange.channels
        self._shared = {name for name, channel in channels.items() if not channel.per_symbol}

    def ask(self, stream: Subscription, start: Start) -> None:
        """The exchange is asked for the stream on this connection now."""
        self._journal.subscribed(stream, start.cause, start.since_ns)
        self.streams.append(stream)
        self.awaited.add((stream.channel, stream.symbol))
        self._recorder.unasked.discard((stream.channel, stream.symbol))

    def answered(self, streams: Iterable[Subscription], at_ns: int) -> None:
        """The exchange says that it serves these."""
        for each in streams:
            self._unanswered.discard(each)
            key = each.channel, each.symbol
            if key not in self._recorder.silences.since_ns:  # it was promised before, and nothing came
                self._proved(key, at_ns, "answer")

    def refused(self, streams: Iterable[Subscription]) -> None:
        """The exchange says that it will not serve these: nobody waits for an answer any more."""
        self._unanswered.difference_update(streams)

    def heard(self, channel: str, symbol: str, at_ns: int) -> None:
        """A message of a stream came that may be its first."""
        self._proved((channel, "" if channel in self._shared else symbol), at_ns, "message")

    def fell_silent(self, channel: str, symbol: str, heard_ns: int) -> None:
        """A stream alone brings nothing since ``heard_ns``: only a message proves that it is served."""
        key = channel, symbol
        if key not in self._serving:
            return
        self._serving.discard(key)
        self._recorder.fell_silent(key, heard_ns)
        self._journal.fell_silent(Subscription(*key), heard_ns)
        self.awaited.add(key)

    def alone(self, channel: str, symbol: str) -> bool:
        """Whether no other connection serves the stream."""
        key = channel, symbol
        return self._recorder.serving[key] <= (key in self._serving)

    def settled(self, now: float) -> bool:
        """Whether the exchange has answered for all streams, or had time enough to."""
        return now - self._since > CONFIRM_SECONDS or not self._unproved()

    def overdue(self, now: float) -> list[Subscription]:
        """The streams that the exchange has neither answered for nor brought though it had time to."""
        return self._unproved() if now - self._since > CONFIRM_SECONDS else []

    def end(self, cause: str, reason: str, heard_ns: int) -> None:
        """The connection is over; it heard its last at ``heard_ns``."""
        self._journal.closed(self.streams, cause, reason, heard_ns)
        for key in self._serving:
            self._recorder.serves_no_more(key, heard_ns)
        self._serving.clear()
        self.awaited.clear()

    def _unproved(self) -> list[Subscription]:
        return [each for each in self._unanswered if (each.channel, each.symbol) not in self._serving]

    def _proved(self, key: Key, at_ns: int, by: str) -> None:
        if key not in self.awaited:
            return
        self.awaited.discard(key)
        self._serving.add(key)
        self._journal.served(at_ns, Subscription(*key), by)
        self._recorder.serves(key, at_ns)
