"""What is looked at once a second while a connection is open: the clock, its age, answers, silence."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator

from msgspec import Struct

from ...exchanges.model import ConnectionPlan, Subscription
from ...store.notes import Cause
from ..counters import Counters
from ..journal import Journal
from ..silent_streams import SilentStreams
from ..wire.client import LATEST_SECONDS
from .liveness import Liveness
from .served_streams import ServedStreams

__all__ = ["Action", "Over", "Replace", "Resubscribe", "Watch"]

log = logging.getLogger("daedalus.ingest.session")

CLOCK_STEP_NS = 500_000_000
LIFETIME_MARGIN = 0.98
NAMED = 10
"""How many streams a log line names."""


class Over(Struct, frozen=True):
    """The connection is dead, and why."""

    cause: Cause
    reason: str


class Replace(Struct, frozen=True):
    """The connection comes to its end: another one should be opened before."""


class Resubscribe(Struct, frozen=True):
    """The stream is silent while its channel goes on: it should be asked for anew."""

    stream: Subscription


Action = Over | Replace | Resubscribe
"""What the session must do."""


class Watch:
    """Looks at one connection, opened at ``opened_at``. All times are seconds of one monotonic clock.

    ``patience`` multiplies the seconds for which a channel may be silent.
    """

    def __init__(
        self,
        plan: ConnectionPlan,
        journal: Journal,
        liveness: Liveness,
        served: ServedStreams,
        silent: SilentStreams,
        counters: Counters,
        patience: float,
        opened_at: float,
    ) -> None:
        self._plan = plan
        self._journal = journal
        self._conn = journal.conn
        self._liveness = liveness
        self._served = served
        self._silent = silent
        self._counters = counters
        self._patience = patience
        self._opened_at = opened_at
        self._clock_offset_ns = time.time_ns() - time.monotonic_ns()
        self._warned = False

    def look(self, now: float, *, paused: bool) -> Iterator[Action]:
        """Yield what must be done now. ``paused``: we do not read, so silence proves nothing."""
        self._look_at_the_clock()
        self._look_for_answers(now)
        lifetime = self._plan.lifetime_seconds
        if lifetime is not None and now - self._opened_at > lifetime * LIFETIME_MARGIN:
            yield Replace()
        if paused:
            return
        yield from self._silent_streams(now)
        limit = self._plan.silence_seconds
        if limit is not None and now - self._liveness.last_anything > limit:
            yield Over("silence", f"nothing came for {limit:g} s, not even a heartbeat")
        elif channel := self._liveness.silent_channel(now, self._patience):
            yield Over("silence", f"the channel {channel} said nothing")

    def _look_at_the_clock(self) -> None:
        step_ns = time.time_ns() - time.monotonic_ns() - self._clock_offset_ns
        if abs(step_ns) > CLOCK_STEP_NS:
            self._clock_offset_ns += step_ns
            log.warning("the clock was set by %+.3f s", step_ns / 1e9)
            self._journal.clock_stepped(step_ns)

    def _look_for_answers(self, now: float) -> None:
        """Log once which streams the exchange does not confirm, and which never deliver."""
        if not self._warned and (unconfirmed := self._served.overdue(now)):
            self._warned = True
            keys = sorted((each.channel, each.symbol) for each in unconfirmed)
            log.warning("%s: not confirmed by the exchange: %s", self._conn, _names(keys))
        self._counters.streams_undelivered(self._conn, self._liveness.undelivered(now))
        if never := self._liveness.alarm(now):
            log.error("%s: subscribed, but never delivered: %s", self._conn, _names(never))

    def _silent_streams(self, now: float) -> Iterator[Resubscribe]:
        """Take note of streams that fell silent; those of this connection that may be asked for anew."""
        silent = self._liveness.look(now)
        if silent:
            log.warning("%s: silent while the channel goes on: %s", self._conn, _listed(map(str, silent)))
        for each in silent:
            heard_ns = time.time_ns() - int((each.seconds + LATEST_SECONDS) * 1e9)
            self._served.fell_silent(each.channel, each.symbol, heard_ns)
        for stream in list(self._silent):
            if stream in self._served.awaited and self._silent.may_ask(stream, now):
                yield Resubscribe(Subscription(*stream))


def _names(streams: Iterable[tuple[str, str]]) -> str:
    return _listed(f"{channel} {symbol}".strip() for channel, symbol in streams)


def _listed(texts: Iterable[str]) -> str:
    texts = list(texts)
    return ", ".join(texts[:NAMED]) + (f" and {len(texts) - NAMED} more" if len(texts) > NAMED else "")
