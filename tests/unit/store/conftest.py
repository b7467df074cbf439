"""What the store's tests share: rows, a clock that is told the time, crashes, small disks."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daedalus.store import READY, Layout, Partition, RawRecord, StreamingParquetWriter, WriterLimits

HOUR_NS = 3_600_000_000_000
NOON_NS = 1_790_000_000_000_000_000 // HOUR_NS * HOUR_NS
"""The beginning of a UTC hour in 2026."""


class Crash(BaseException):
    """Stands for the end of the process: nothing that touches the disk works after it."""


class Clock:
    """A wall clock and a monotonic one that move when told to."""

    def __init__(self) -> None:
        self.ns = NOON_NS
        self.seconds = 1000.0

    def time_ns(self) -> int:
        return self.ns

    def monotonic(self) -> float:
        return self.seconds

    def advance(self, seconds: float) -> None:
        self.seconds += seconds
        self.ns += int(seconds * 1e9)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


@pytest.fixture
def writer(layout: Layout, clock: Clock) -> Callable[..., StreamingParquetWriter]:
    """Makes a writer on the clock that is told the time."""

    def make(where: Layout = layout, **limits: Any) -> StreamingParquetWriter:
        chosen = WriterLimits(**{"min_free_bytes": 0, **limits})
        made = StreamingParquetWriter(
            where, "binance", chosen, clock=clock.time_ns, monotonic=clock.monotonic
        )
        made.recover()
        return made

    return make


@pytest.fixture
def row() -> Callable[..., RawRecord]:
    """Makes the row number ``seq``."""

    def make(
        seq: int, *, channel: str = "trade", recv_ns: int | None = None, payload: bytes | None = None
    ) -> RawRecord:
        body = b'{"seq":%d,"price":"61837.63"}' % seq if payload is None else payload
        stamp = NOON_NS + seq * 1_000_000 if recv_ns is None else recv_ns
        return RawRecord(stamp, "20261123T212400123456-0", seq, "message", channel, "BTCUSDT", body)

    return make


@pytest.fixture
def ready_rows() -> Callable[..., list[RawRecord]]:
    """Reads all sealed rows of a partition in order of their segments, with pyarrow alone."""

    def read(layout: Layout, channel: str = "trade", exchange: str = "binance") -> list[RawRecord]:
        rows: list[RawRecord] = []
        for segment in layout.raw_segments(READY, Partition(exchange, channel)):
            rows += records(pq.ParquetFile(layout.raw(READY) / segment.sealed_path).read())
        return rows

    return read


@pytest.fixture
def active_rows() -> Callable[..., list[RawRecord]]:
    """Reads all rows of a partition's active files in order, with pyarrow alone."""

    def read(layout: Layout, channel: str = "trade", exchange: str = "binance") -> list[RawRecord]:
        rows: list[RawRecord] = []
        for segment in layout.active_segments(exchange):
            path = layout.active / segment.active_name
            if segment.partition.channel == channel and path.stat().st_size:
                rows += records(pa.ipc.open_stream(path.read_bytes()).read_all())
        return rows

    return read


def records(table: pa.Table) -> list[RawRecord]:
    return [RawRecord(**row) for row in table.to_pylist()]


@pytest.fixture
def crash_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Any]:
    """``with crash_at(n) as crashed``: the n-th call that changes the disk, and all after it, do not
    happen; ``crashed()`` says whether it came to that."""

    @contextmanager
    def crashing(step: int) -> Iterator[Callable[[], bool]]:
        calls = 0

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls >= step:
                    raise Crash
                return real(*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            for name in ("open", "replace", "unlink", "fsync", "fdatasync", "pwrite", "ftruncate", "mkdir"):
                patch.setattr(os, name, counted(getattr(os, name)))
            with suppress(Crash):
                yield lambda: calls >= step

    return crashing


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        pytest.skip(f"needs the right to mount a small file system: {made.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
