"""What the ingest worker says of itself: the status file, and the line of figures."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from msgspec.structs import asdict

from ..store import StreamingParquetWriter
from ..store.status import Setup, Status, boot_id, write_status
from ..units import duration_text
from .counters import Counters, Meter, Rates, stats_line

__all__ = ["Reporter"]

STATUS_SECONDS = 2.0
NO_BOOK_NS = 60 * 10**9
"""A book that has waited so long for its snapshot is told in the status."""

NAMED = 10
"""So many of the symbols that are left out are named in the status; all are in the log."""


class Reporter:
    """Writes ``<directory>/<worker>.json`` every two seconds, and prints figures on demand."""

    def __init__(
        self,
        directory: Path,
        exchange: str,
        counters: Counters,
        writer: StreamingParquetWriter,
        setup: Setup,
    ) -> None:
        self._directory = directory
        self._exchange = exchange
        self._counters = counters
        self._writer = writer
        self._setup = setup
        self._streams = 0
        self._wrong: tuple[str, ...] = ()
        self._process = psutil.Process()
        self._started_ns = time.time_ns()
        self._boot_id = boot_id()

    def expect(self, streams: int, wrong: tuple[str, ...] = ()) -> None:
        """So many streams are recorded; ``wrong``: of each that is not, why."""
        self._streams = streams
        self._wrong = wrong

    async def keep_status(
        self, beat: Callable[[str], None], news: asyncio.Event, kept: Callable[[int], int]
    ) -> None:
        """Write the status until cancelled; each time give ``beat`` the one line of `line`.

        At once when ``news`` is set: from the first stream that is served on a crash loses something.
        ``kept``: until when all that was received is on the disk, given the time of the last flush.
        """
        meter = Meter(self._counters, time.monotonic())
        while True:
            self._counters.kept_ns = kept(self._writer.stats().last_flush_ns)
            rates = meter.read(time.monotonic())
            beat(self.line(rates))
            # In a thread: while the disk commits an fsync, even the renaming of a small file waits for it.
            await asyncio.to_thread(self.write, "running", rates)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), STATUS_SECONDS)
            news.clear()

    async def print_lines(self, interval_seconds: float, out: Callable[[str], None]) -> None:
        """Give ``out`` a line of figures every so many seconds until cancelled."""
        meter = Meter(self._counters, time.monotonic())
        while True:
            await asyncio.sleep(interval_seconds)
            rates = meter.read(time.monotonic())
            out(stats_line(self._exchange, rates, self._figures(rates), self._writer.blocked))

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
            f"reconnects {counters.disconnects}",
        )
        blocked = self._writer.blocked
        return ", ".join(parts) + (f", BLOCKED: {blocked}" if blocked else "")

    def write(self, state: str, rates: Rates) -> None:
        """Write the status now. ``state``: running or stopped."""
        blocked = self._writer.blocked
        status = Status(
            **asdict(self._setup),
            worker=f"ingest-{self._exchange}",
            pid=os.getpid(),
            boot_id=self._boot_id,
            started_ns=self._started_ns,
            updated_ns=time.time_ns(),
            state="blocked" if blocked and state == "running" else state,
            note=blocked or self._note(),
            figures=self._figures(rates),
        )
        try:
            write_status(self._directory, status)
        except OSError:
            # A full disk is told through the log and `blocked`; the status waits for room as all else.
            return

    def _note(self) -> str:
        counters = self._counters
        silent = f"silent while the channel goes on: {counters.silences}" * bool(counters.silences.since_ns)
        if self._wrong:
            more = len(self._wrong) - NAMED
            left = "left out: " + "; ".join(self._wrong[:NAMED]) + (f"; {more} more" if more > 0 else "")
            return f"{silent}; {left}" if silent else left
        if silent:
            return silent
        if counters.never_delivered:
            return f"{counters.never_delivered} of {self._streams} streams have never delivered"
        late_ns = time.time_ns() - NO_BOOK_NS
        late = [each for each in list(counters.bookless.values()) if each.since_ns < late_ns]
        if late:
            return f"books without a snapshot: {len(late)}; {late[0].reason}"
        if trouble := self._writer.stats().sealing_trouble:
            return f"recording goes on; full files must wait to be sealed: {trouble}"
        connections = "1 connection" if counters.connected == 1 else f"{counters.connected} connections"
        return f"{self._streams} streams on {connections}"

    def _figures(self, rates: Rates) -> dict[str, int | float]:
        counters, stats = self._counters, self._writer.stats()
        return {
            "messages": counters.messages,
            "messages_per_second": round(rates.messages, 1),
            "bytes": counters.bytes,
            "bytes_per_second": round(rates.bytes, 1),
            "last_message_ns": counters.last_message_ns,
            "durable_ns": stats.last_flush_ns,
            "kept_ns": counters.kept_ns,
            "served_ns": counters.served_ns,
            "lag_p50_ns": rates.lag_p50_ns,
            "lag_p99_ns": rates.lag_p99_ns,
            "queue": self._writer.waiting,
            "buffers": stats.open_buffers,
            "segments": stats.active_segments,
            "segments_sealed": stats.segments_sealed,
            "segments_unsealed": stats.unsealed,
            "rows_written": stats.rows_written,
            "flushes": stats.flushes,
            "memory_cleanups": stats.memory_cleanups,
            "gc_collections": stats.gc_collections,
            "stale_counters_cleaned": stats.stale_counters_cleaned,
            "stale_buffers_cleaned": stats.stale_buffers_cleaned,
            "connected": counters.connected,
            "reconnects": counters.disconnects,
            "gaps": counters.gaps,
            "missing": counters.missing,
            "filled": counters.filled,
            "pauses": counters.pauses,
            "snapshots": counters.snapshots,
            "snapshot_failures": counters.snapshot_failures,
            "bookless": len(counters.bookless),
            "left_out": len(self._wrong),
            "silent": len(counters.silences.since_ns),
            "never_delivered": counters.never_delivered,
            **counters.oddities,
            "rss_bytes": self._process.memory_info().rss,
        }
