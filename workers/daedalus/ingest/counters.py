"""What ingest counts of itself, and the rates and lags made of it."""

from __future__ import annotations

from collections import Counter, deque

from msgspec import Struct

from .silences import Silences

__all__ = ["Bookless", "Counters", "Meter", "Rates"]

LAG_SAMPLES = 4096


class Counters:
    """Numbers that grow while the worker runs. Written by the event loop's thread alone."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.last_message_ns = 0
        self.served_ns = 0  # when the first stream was proved to be served
        self.kept_ns = 0  # until when all that was received of every stream is on the disk
        self.oddities: Counter[str] = Counter()  # unknown, malformed, refused: by kind
        self.connected = 0
        self.disconnects = 0
        self.gaps = 0
        self.missing = 0
        self.filled = 0
        self.pauses = 0
        self.snapshots = 0
        self.snapshot_failures = 0
        self.bookless: dict[tuple[str, str], Bookless] = {}  # by channel and symbol
        self.silences = Silences()
        self.unheard: dict[str, int] = {}  # by connection: streams that should have delivered by now
        self.lags_ns: deque[int] = deque(maxlen=LAG_SAMPLES)

    @property
    def never_delivered(self) -> int:
        """Streams that were asked for long ago and have not delivered yet, over all open connections."""
        return sum(self.unheard.values())


class Bookless(Struct):
    """A book that waits for its snapshot over REST: since when (UTC ns), and why none came yet."""

    since_ns: int
    reason: str = "the request waits for its turn"


class Rates(Struct, frozen=True):
    """Messages and bytes per second over one interval, and the lags (receive - exchange time, ns) in it."""

    messages: float
    bytes: float
    lag_p50_ns: int
    lag_p99_ns: int


class Meter:
    """Turns counters into rates since it was last asked. ``now``: seconds of one monotonic clock."""

    def __init__(self, counters: Counters, now: float) -> None:
        self._counters = counters
        self._before = (counters.messages, counters.bytes, now)

    def read(self, now: float) -> Rates:
        """The rates since the last reading."""
        counters = self._counters
        messages, size, then = self._before
        self._before = (counters.messages, counters.bytes, now)
        seconds = max(now - then, 1e-9)
        lags = sorted(counters.lags_ns)
        return Rates(
            (counters.messages - messages) / seconds,
            (counters.bytes - size) / seconds,
            _quantile(lags, 0.50),
            _quantile(lags, 0.99),
        )


def _quantile(ordered: list[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0
