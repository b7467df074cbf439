"""How long a message waits for its time stamp: alone, and with the other workers' work beside."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from msgspec import Struct
from receiving import HERE, latencies

from daedalus.store import Layout, Partition, RawKind, RawRecord, SegmentId
from daedalus.store.files import make_directories
from daedalus.store.segment import Segment

__all__ = ["Latency", "latency"]

RATE = 2000
COUNT = 10_000
SEGMENT_BYTES = 100_000_000
BATCH = 1000


class Latency(Struct, frozen=True):
    """p50, p99, p99.9 and the longest, in µs: alone, with a seal, with normalize and sync beside."""

    sealed_mb: float
    quiet_us: tuple[float, ...]
    sealing_us: tuple[float, ...]
    beside_us: tuple[float, ...]


def latency(file: Path, payloads: list[bytes], directory: Path) -> Latency:
    """Measure all. The segment is one that an earlier recorder left: it is sealed from the start on."""
    os.sync()  # what the benchmark itself wrote before must not be measured
    quiet = latencies(file, RATE, COUNT, directory / "quiet")
    busy = directory / "busy"
    size = leave_segment(busy, payloads)
    os.sync()
    sealing = latencies(file, RATE, COUNT, busy)
    others = [sys.executable, str(HERE / "beside.py"), str(directory / "others")]
    beside = latencies(file, RATE, COUNT, directory / "beside", others)
    return Latency(size / 1e6, quantiles(quiet), quantiles(sealing), quantiles(beside))


def leave_segment(directory: Path, payloads: list[bytes]) -> int:
    """An active file of another channel and of the connection "left", as large as one gets; its bytes."""
    layout = Layout(directory)
    make_directories(layout.active)
    segment = Segment(layout.active, SegmentId(Partition("binance", "aggTrade"), 1_700_000_000_000_000_000))
    number = 0
    while segment.size < SEGMENT_BYTES:
        rows = [_row(segment.id.number, place, payloads) for place in range(number, number + BATCH)]
        segment.append(rows)
        number += BATCH
    segment.close()
    return segment.size


def _row(opened_ns: int, number: int, payloads: list[bytes]) -> RawRecord:
    payload = payloads[number % len(payloads)]
    return RawRecord(
        opened_ns + number, "left", number, RawKind.MESSAGE.value, "aggTrade", "BTCUSDT", payload
    )


def quantiles(nanoseconds: list[int]) -> tuple[float, ...]:
    ordered = sorted(nanoseconds)
    places = (0.5, 0.99, 0.999, 1.0)
    return tuple(ordered[min(len(ordered) - 1, int(len(ordered) * place))] / 1e3 for place in places)
