"""What the ingest worker says of itself: the status file, and the line of figures."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable

import psutil

from ..store import StreamingParquetWriter
from ..units import bytes_text, duration_text
from ..worker.shell import Shell
from ..worker.status import IngestStatus, State
from .counters import Meter, Rates
from .recorder_state import RecorderState

__all__ = ["Reporter", "stats_line"]

STATUS_SECONDS = 2.0
NO_BOOK_NS = 60 * 10**9
"""A book that has waited for its snapshot for this long is told in the status."""

NAMED = 10
"""At most this many of the symbols that are left out are named in the status; the log names all."""


class Reporter:
    """Writes the status file every two seconds, and prints lines of figures on demand."""

    def __init__(self, shell: Shell, recorder: RecorderState, writer: StreamingParquetWriter) -> None:
        self._shell = shell
        self._recorder = recorder
        self._counters = recorder.counters
        self._writer = writer
        self._streams = 0
        self._kept_ns = 0
        self._left_out: tuple[str, ...] = ()
        self._process = psutil.Process()

    def expect(self, streams: int, left_out: tuple[str, ...] = ()) -> None:
        """How many streams are recorded; ``left_out``: for each symbol that is not, why."""
        self._streams = streams
        self._left_out = left_out

    async def keep_status(
        self, beat: Callable[[str], None], due: asyncio.Event, kept: Callable[[int], int]
    ) -> None:
        """Write the status until cancelled; each time give ``beat`` the one line of `line`.

        It is written at once when ``due`` is set: from the first served stream on, a crash loses something.
        ``kept``: given the time of the last flush, until when everything received is on the disk (UTC ns).
        """
        meter = Meter(self._counters, time.monotonic())
        while True:
            self._kept_ns = kept(self._writer.stats().last_flush_ns)
            rates = meter.read(time.monotonic())
            beat(self.line(rates))
            # In a thread: while the disk commits an fsync, even renaming a small file waits for it.
            await asyncio.to_thread(self.write, "running", rates)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(due.wait(), STATUS_SECONDS)
            due.clear()

    async def print_lines(self, interval_seconds: float, out: Callable[[str], None]) -> None:
        """Give ``out`` a line of figures every ``interval_seconds`` until cancelled."""
        meter = Meter(self._counters, time.monotonic())
        while True:
            await asyncio.sleep(interval_seconds)
            out(stats_line(self._status("running", meter.read(time.monotonic()))))

    def line(self, rates: Rates) -> str:
        """How the recording goes, in one line for `systemctl status`."""
        counters, stats = self._counters, self._writer.stats()
        last = (
            f"{duration_text(time.time_ns() - last_ns)} ago"
            if (last_ns := counters.last_message_ns)
            else "never"
        )
        parts = (
            f"{rates.messages:,.0f} msg/s",
            f"last message {last}",
            f"{stats.active_segments} segments open, {stats.segments_sealed} sealed",
            f"gaps {counters.gaps}",
            f"reconnects {counters.reconnects}",
        )
        blocked = self._writer.blocked
        return ", ".join(parts) + (f", BLOCKED: {blocked}" if blocked else "")

    def write(self, state: State, rates: Rates) -> None:
        """Write the status now. ``state``: running or stopped."""
        self._shell.write(self._status(state, rates))

    def _status(self, state: State, rates: Rates) -> IngestStatus:
        recorder, counters, stats = self._recorder, self._counters, self._writer.stats()
        blocked = self._writer.blocked
        return IngestStatus(
            process=self._shell.process,
            state="blocked" if blocked and state == "running" else state,
            note=blocked or self._note(),
            messages=counters.messages,
            messages_per_second=round(rates.messages, 1),
            received_bytes=counters.bytes,
            received_bytes_per_second=round(rates.bytes, 1),
            last_message_ns=counters.last_message_ns,
            durable_ns=stats.last_flush_ns,
            kept_ns=self._kept_ns,
            served_ns=recorder.coverage.first_served_ns,
            lag_p50_ns=rates.lag_p50_ns,
            lag_p99_ns=rates.lag_p99_ns,
            connected=counters.connected,
            reconnects=counters.reconnects,
            pauses=recorder.backpressure.pauses,
            gaps=counters.gaps,
            missing_ids=counters.missing,
            filled_gaps=counters.filled,
            snapshots=counters.snapshots,
            snapshot_failures=counters.snapshot_failures,
            books_without_snapshot=len(recorder.waiting_books),
            left_out_symbols=len(self._left_out),
            silent_streams=len(recorder.coverage.silent),
            undelivered_streams=counters.undelivered_streams,
            oddities=dict(counters.oddities),
            queued_rows=self._writer.waiting,
            open_buffers=stats.open_buffers,
            active_segments=stats.active_segments,
            sealed_segments=stats.segments_sealed,
            unsealed_segments=stats.unsealed,
            rows_written=stats.rows_written,
            flushes=stats.flushes,
            memory_cleanups=stats.memory_cleanups,
            gc_collections=stats.gc_collections,
            stale_counters_cleaned=stats.stale_counters_cleaned,
            stale_buffers_cleaned=stats.stale_buffers_cleaned,
            rss_bytes=self._process.memory_info().rss,
        )

    def _note(self) -> str:
        counters, streams = self._counters, self._recorder.coverage.silent
        silent = f"silent while the channel goes on: {streams}" if streams else ""
        if self._left_out:
            more = len(self._left_out) - NAMED
            left = "left out: " + "; ".join(self._left_out[:NAMED]) + (f"; {more} more" if more > 0 else "")
            return f"{silent}; {left}" if silent else left
        if silent:
            return silent
        if undelivered := counters.undelivered_streams:
            return f"{undelivered} of {self._streams} streams have never delivered"
        late = self._recorder.waiting_books.since_before(time.time_ns() - NO_BOOK_NS)
        if late:
            return f"books without a snapshot: {len(late)}; {late[0].reason}"
        if trouble := self._writer.stats().sealing_trouble:
            return f"recording goes on; full files must wait to be sealed: {trouble}"
        connections = "1 connection" if counters.connected == 1 else f"{counters.connected} connections"
        return f"{self._streams} streams on {connections}"


def stats_line(status: IngestStatus) -> str:
    """One line for people, each number with its unit."""
    parts = (
        f"{status.messages_per_second:,.0f} msg/s",
        f"{bytes_text(status.received_bytes_per_second)}/s",
        f"queue {status.queued_rows:,}",
        f"lag p50 {duration_text(status.lag_p50_ns)} p99 {duration_text(status.lag_p99_ns)}",
        f"buffers {status.open_buffers}",
        f"segments {status.active_segments}",
        f"reconnects {status.reconnects}",
        f"gaps {status.gaps}",
        f"RSS {bytes_text(status.rss_bytes)}",
    )
    blocked = f", BLOCKED: {status.note}" if status.state == "blocked" else ""
    return f"[{status.worker.removeprefix('ingest-')}] " + ", ".join(parts) + blocked
