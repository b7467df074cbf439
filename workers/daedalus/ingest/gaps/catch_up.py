"""After a start: the gap since the last run ended, from the last ids on disk.

The newest files say which trade of each stream was the last; the first one that comes now shows the ids
between them. Recording does not wait for it: the files are read in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from ...exchanges.continuity import Continuity
from ...exchanges.model import Data, Exchange, Header, Missing, Subscription
from ...store import Layout, Partition, SegmentId
from ...store.layout import NORMALIZED, READY, SYNCED
from ...store.raw import RawKind
from ...store.regular_files import open_regular
from ...store.segment import read_segment
from ..coverage import Coverage

__all__ = ["CatchUp", "Last", "last_recorded"]

log = logging.getLogger("daedalus.ingest.gaps.catch_up")

LOOK_SECONDS = 2.0
_COLUMNS = ["recv_ns", "kind", "symbol", "payload"]
_BATCH_ROWS = 4096
_FILES = 3
"""In how many files a quiet symbol is looked for."""


class Last(Struct, frozen=True):
    """The last message of a stream on disk: its id (None: it has none), and when it came (UTC ns)."""

    number: int | None
    recv_ns: int


class CatchUp:
    """Asks for what lies between the last message on disk and the first that comes now."""

    def __init__(
        self,
        exchange: Exchange,
        continuity: Continuity,
        coverage: Coverage,
        ask: Callable[[Missing], None],
    ) -> None:
        self._exchange = exchange
        self._continuity = continuity
        self._coverage = coverage
        self._ask = ask

    async def run(self, layout: Layout, streams: Iterable[Subscription], *, before_ns: int) -> None:
        """Return when every stream with ids is heard again, and every other is served again."""
        wanted = [each for each in streams if _is_fillable(self._exchange, each)]
        if not wanted:
            return
        try:
            last = await asyncio.to_thread(last_recorded, layout, self._exchange, wanted, before_ns)
        except (OSError, pa.ArrowException) as error:
            log.warning("the last recorded messages cannot be read: %s", error)
            return
        while last:
            for stream, each in list(last.items()):
                if each.number is None:
                    if self._coverage.connections((stream.channel, stream.symbol)):
                        del last[stream]
                        span = each.recv_ns, time.time_ns()
                        self._ask(Missing(stream.channel, stream.symbol, None, None, *span))
                    continue
                first = self._continuity.first(stream.channel, stream.symbol)
                if first is None:
                    continue
                del last[stream]
                if first > each.number + 1:
                    ids = each.number + 1, first - 1
                    self._ask(Missing(stream.channel, stream.symbol, *ids, each.recv_ns, time.time_ns()))
            await asyncio.sleep(LOOK_SECONDS)


def last_recorded(
    layout: Layout, exchange: Exchange, streams: Iterable[Subscription], before_ns: int
) -> dict[Subscription, Last]:
    """The last message of each stream in the newest files that were begun before ``before_ns`` (UTC ns)."""
    found: dict[Subscription, Last] = {}
    by_channel: dict[str, set[str]] = {}
    for each in streams:
        by_channel.setdefault(each.channel, set()).add(each.symbol)
    for channel, symbols in by_channel.items():
        left = set(symbols)
        for segment in _newest(layout, Partition(exchange.name, channel), before_ns):
            for recv_ns, kind, symbol, payload in _rows(layout, segment):
                if symbol in left and (last := _last(exchange, channel, symbol, kind, payload, recv_ns)):
                    stream = Subscription(channel, symbol)
                    found[stream] = _later(found.get(stream), last)
            left -= {stream.symbol for stream in found if stream.channel == channel}
            if not left:
                break
    return found


def _is_fillable(exchange: Exchange, stream: Subscription) -> bool:
    spec = exchange.channels[stream.channel]
    return spec.snapshot is None and spec.history is not None


def _newest(layout: Layout, partition: Partition, before_ns: int) -> list[SegmentId]:
    segments = {
        segment.number: segment
        for state in (READY, NORMALIZED, SYNCED)
        for segment in layout.raw_segments(state, partition)
        if segment.number < before_ns
    }
    for segment in layout.active_segments(partition.exchange):
        if segment.partition == partition and segment.number < before_ns:
            segments[segment.number] = segment
    return [segments[number] for number in sorted(segments, reverse=True)[:_FILES]]


def _rows(layout: Layout, segment: SegmentId) -> Iterator[tuple[int, str, str, bytes]]:
    """The rows of a segment, wherever it lies now; of a sealed one those of the last row group alone."""
    try:
        for batch, _ in read_segment(layout.active / segment.active_name):
            yield from _tuples(batch)
        return
    except FileNotFoundError:
        pass
    for state in (READY, NORMALIZED, SYNCED):
        try:
            path = layout.raw(state) / segment.sealed_path
            with open_regular(path) as opened, pq.ParquetFile(opened) as file:
                groups = [file.num_row_groups - 1] if file.num_row_groups else []
                for batch in file.iter_batches(_BATCH_ROWS, row_groups=groups, columns=_COLUMNS):
                    yield from _tuples(batch)
            return
        except FileNotFoundError:
            continue


def _tuples(batch: pa.RecordBatch) -> Iterator[tuple[int, str, str, bytes]]:
    return zip(*(batch.column(name).to_pylist() for name in _COLUMNS), strict=True)


def _last(
    exchange: Exchange, channel: str, symbol: str, kind: str, payload: bytes, recv_ns: int
) -> Last | None:
    if kind not in (RawKind.MESSAGE, RawKind.BACKFILL):
        return None
    if not exchange.channels[channel].consecutive:
        return Last(None, recv_ns)
    header: Header = (
        exchange.messages.classify_stored(channel, symbol, payload)
        if kind == RawKind.MESSAGE
        else exchange.rest.classify_backfill(channel, symbol, payload)
    )
    if not isinstance(header, Data):
        return None
    numbers = [part.ids.last for part in (header, *header.more) if part.ids is not None]
    return Last(max(numbers), recv_ns) if numbers else None


def _later(one: Last | None, other: Last) -> Last:
    return other if one is None or (other.number or 0) >= (one.number or 0) else one
