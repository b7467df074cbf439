"""What all connections of one exchange share; each part of it changes itself alone."""

from __future__ import annotations

from collections.abc import Callable

from ..exchanges.continuity import Continuity
from ..exchanges.model import Exchange, Missing
from .backpressure import Backpressure, Sink
from .counters import Counters
from .coverage import Coverage
from .gaps.live import LiveGaps
from .waiting_books import WaitingBooks

__all__ = ["RecorderState"]


class RecorderState:
    """``sink`` takes the raw records, ``fetch`` the gaps that may be filled over REST."""

    def __init__(
        self,
        exchange: Exchange,
        sink: Sink,
        counters: Counters,
        fetch: Callable[[Missing], None],
        *,
        queue_maxsize: int,
        batch_size: int,
    ) -> None:
        self.exchange = exchange
        self.append = sink.append
        self.counters = counters
        self.backpressure = Backpressure(sink, queue_maxsize=queue_maxsize, batch_size=batch_size)
        self.continuity = Continuity(exchange.channels)
        self.gaps = LiveGaps(exchange, self.continuity, counters, fetch)
        self.coverage = Coverage(self.gaps.seen_by_time)
        self.waiting_books = WaitingBooks()
