"""Whatever happens in whatever order: what was written is there, once, in order."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daedalus.store import Layout, RawRecord, StreamingParquetWriter, WriterLimits
from daedalus.store.segment import read_segment

CHANNELS = ("trade", "depth")
LIMITS = WriterLimits(batch_size=4, batch_bytes=400, segment_max_bytes=9000, min_free_bytes=0)

appends = st.tuples(
    st.just("append"),
    st.sampled_from(CHANNELS),
    st.integers(1, 9),
    st.sampled_from([0, 1_000_000, 3_600_000_000_000, -3_600_000_000_000]),
)
works = st.tuples(st.just("work"), st.sampled_from([0.0, 1.0, 5.0, 3600.0]))
crashes = st.tuples(
    st.just("crash"),
    st.sampled_from(["clean", "cut", "zeros", "flip"]),
    st.integers(0, 10**6),
    st.floats(0, 1, exclude_max=True),
)
closes = st.just(("close",))


class Recorder:
    """A writer, and what must be on disk by all that happened to it."""

    def __init__(
        self,
        layout: Layout,
        clock: Any,
        row: Callable[..., RawRecord],
        on_disk: Callable[[str], list[RawRecord]],
    ) -> None:
        self.layout, self.clock, self.row, self.on_disk = layout, clock, row, on_disk
        self.seq = 0
        self.kept: dict[str, list[RawRecord]] = defaultdict(list)
        self.start()

    def start(self) -> None:
        self.writer = StreamingParquetWriter(
            self.layout, "binance", LIMITS, clock=self.clock.time_ns, monotonic=self.clock.monotonic
        )
        self.writer.recover()
        self.given: dict[str, list[RawRecord]] = defaultdict(list)

    def append(self, channel: str, count: int, step_ns: int) -> None:
        self.clock.ns += step_ns
        for _ in range(count):
            self.given[channel].append(self.row(self.seq, channel=channel, recv_ns=self.clock.ns + self.seq))
            self.writer.append(self.given[channel][-1])
            self.seq += 1

    def work(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.writer.work()
        assert self.writer.blocked is None

    def close(self) -> None:
        closing = self.writer.close(30)
        assert (closing.unsealed, closing.lost) == ((), 0)
        for channel, rows in self.given.items():
            self.kept[channel] += rows
        self.start()

    def crash(self, how: str, pick: int, where: float) -> None:
        waiting = self.writer.waiting
        self.writer._sealer.finish(0)  # a thread cannot be killed; what it left is as after a kill
        lost = 0
        for channel in CHANNELS:
            written = self.on_disk(channel)[len(self.kept[channel]) :]
            assert written == self.given[channel][: len(written)]
            lost += len(self.given[channel]) - len(written)
            self.kept[channel] += written
        assert lost == waiting
        files = [s for s in self.layout.active_segments("binance") if self.size(s.active_name)]
        if how != "clean" and files:
            segment = files[pick % len(files)]
            self.damage(self.layout.active / segment.active_name, segment.partition.channel, how, where)
        self.start()

    def size(self, name: str) -> int:
        return (self.layout.active / name).stat().st_size

    def damage(self, path: Path, channel: str, how: str, where: float) -> None:
        """Spoil an active file, and take off what must be gone with it."""
        data = bytearray(path.read_bytes())
        at = int(where * len(data))
        batches = [(batch.column("seq").to_pylist(), end) for batch, end in read_segment(path)]
        if how == "cut":
            del data[at:]
        elif how == "zeros":
            data[at:] = b"\0" * (len(data) - at)
        else:
            data[at] = (data[at] + 16) % 256  # never its own inverse: a second hit mends nothing
        path.write_bytes(data)
        found = [batch.column("seq").to_pylist() for batch, _ in read_segment(path)]
        whole = [seqs for seqs, end in batches if end <= at]
        hit = [seqs for seqs, end in batches if end > at]
        behind = hit[1:] if how == "flip" else []
        # What lies behind the checksum of the first batch that was hit proves nothing: it may be spared.
        spared = hit[:1] if how != "cut" and len(found) > len(whole) + len(behind) else []
        assert found == whole + spared + behind
        gone = {seq for seqs in hit if seqs not in spared + behind for seq in seqs}
        self.kept[channel] = [one for one in self.kept[channel] if one.seq not in gone]


def active_rows(layout: Layout, channel: str) -> list[RawRecord]:
    """What can be read of a channel's active files, damaged as they may be from the crash before."""
    return [
        RawRecord(**row)
        for segment in layout.active_segments("binance")
        if segment.partition.channel == channel
        for batch, _ in read_segment(layout.active / segment.active_name)
        for row in batch.to_pylist()
    ]


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(st.one_of(appends, appends, works, crashes, closes), max_size=25))
def test_after_any_history_ready_holds_what_was_written(
    steps: list[tuple[Any, ...]], row: Any, ready_rows: Any, clock: Any
) -> None:
    folder = Path(tempfile.mkdtemp(dir=os.environ.get("TMPDIR")))
    layout = Layout(folder)
    try:
        recorder = Recorder(layout, clock, row, lambda c: ready_rows(layout, c) + active_rows(layout, c))
        for what, *how in steps:
            getattr(recorder, what)(*how)
        recorder.close()
        for channel in CHANNELS:
            assert ready_rows(layout, channel) == recorder.kept[channel]
        assert list(layout.active.iterdir()) == []
        recorder.writer.close(1)
    finally:
        shutil.rmtree(folder)
