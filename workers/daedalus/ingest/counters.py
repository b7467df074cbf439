"""What ingest counts, and the rates and lags that follow from it."""

from __future__ import annotations

from collections import Counter, deque

from msgspec import Struct

__all__ = ["Counters", "Meter", "Rates"]

LAG_SAMPLES = 4096


class Counters:
    """Numbers that grow while the worker runs. Changed by the event loop's thread alone, read by others."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.last_message_ns = 0
        self.oddities: Counter[str] = Counter()
        """Messages by what is odd about them: unknown, malformed, refused, foreign."""
        self.connected = 0
        self.reconnects = 0
        self.gaps = 0
        self.missing = 0
        self.filled = 0
        self.snapshots = 0
        self.snapshot_failures = 0
        self.lags_ns: deque[int] = deque(maxlen=LAG_SAMPLES)
        """Receive time minus the exchange's time, of the newest messages."""
        self._undelivered: dict[str, int] = {}  # by connection

    def received(self, messages: int, size: int, last_ns: int) -> None:
        """So many messages came, of so many bytes together, the last of them at ``last_ns`` (UTC ns)."""
        self.messages += messages
        self.bytes += size
        self.last_message_ns = last_ns

    def odd(self, kind: str) -> None:
        """A message came that is not market data we asked for."""
        self.oddities[kind] += 1

    def connection_opened(self) -> None:
        self.connected += 1

    def connection_ended(self, conn: str) -> None:
        self.connected -= 1
        self._undelivered.pop(conn, None)

    def connection_lost(self) -> None:
        """A connection ended without a successor: another one must be opened."""
        self.reconnects += 1

    def streams_undelivered(self, conn: str, count: int) -> None:
        """So many streams of a connection have not delivered yet though they had time to."""
        self._undelivered[conn] = count

    def gap_found(self, missing: int = 0) -> None:
        """A gap was found; ``missing``: how many ids it lacks, 0 where that is unknown."""
        self.gaps += 1
        self.missing += missing

    def gaps_filled(self, count: int) -> None:
        self.filled += count

    def snapshot_fetched(self) -> None:
        self.snapshots += 1

    def snapshot_failed(self) -> None:
        self.snapshot_failures += 1

    @property
    def undelivered_streams(self) -> int:
        """Streams that were asked for long ago and have not delivered yet, over all open connections."""
        return sum(self._undelivered.values())


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
