"""The status that ingest writes, and its line of figures."""

from __future__ import annotations

import time
from pathlib import Path

from msgspec.structs import replace
from support.statuses import status_of

from daedalus.exchanges import EXCHANGES
from daedalus.ingest.counters import Counters, Meter
from daedalus.ingest.recorder_state import RecorderState
from daedalus.ingest.report import Reporter, stats_line
from daedalus.store import Layout, StreamingParquetWriter, WriterLimits
from daedalus.worker.shell import Shell
from daedalus.worker.status import IngestStatus, Setup, read_status


def status_in(data_dir: Path) -> IngestStatus:
    status = read_status(Layout(data_dir).status, "ingest-binance")
    assert isinstance(status, IngestStatus)
    return status


def recording(writer: StreamingParquetWriter) -> RecorderState:
    limits = {"queue_maxsize": 10, "batch_size": 10}
    return RecorderState(EXCHANGES["binance"], writer, Counters(), lambda _: None, **limits)


def test_files_that_cannot_be_sealed_are_told_while_recording_goes_on(tmp_path: Path) -> None:
    writer = StreamingParquetWriter(Layout(tmp_path), "binance", WriterLimits())
    recorder = recording(writer)
    setup = Setup(config_path="/etc/daedalus/config.yaml", config_hash="abc", version="1")
    reporter = Reporter(Shell(Layout(tmp_path), "ingest-binance", setup), recorder, writer)
    reporter.expect(8)
    reporter.write("running", Meter(recorder.counters, 0.0).read(1.0))
    status = status_in(tmp_path)
    assert (status.note, status.process.config_hash) == ("8 streams on 0 connections", "abc")
    writer._sealer.trouble = "raw/ready: Permission denied"
    reporter.write("running", Meter(recorder.counters, 0.0).read(1.0))
    status = status_in(tmp_path)
    assert status.state == "running"
    assert status.note.endswith("full files must wait to be sealed: raw/ready: Permission denied")


def test_a_book_that_has_long_had_no_snapshot_is_told_with_the_reason(tmp_path: Path) -> None:
    writer = StreamingParquetWriter(Layout(tmp_path), "binance", WriterLimits())
    recorder = recording(writer)
    reporter = Reporter(Shell(Layout(tmp_path), "ingest-binance"), recorder, writer)
    recorder.waiting_books.begin(("depth", "A"), time.time_ns() - 61 * 10**9)
    recorder.waiting_books.failed(("depth", "A"), "the exchange answers <html>")
    recorder.waiting_books.begin(("depth", "B"), time.time_ns())
    reporter.write("running", Meter(recorder.counters, 0.0).read(1.0))
    status = status_in(tmp_path)
    assert status.note == "books without a snapshot: 1; the exchange answers <html>"
    assert status.books_without_snapshot == 2


def test_the_line_has_every_number_with_its_unit() -> None:
    status = status_of("ingest-binance", queued_rows=12, open_buffers=3, active_segments=4, reconnects=1,
                       gaps=2, rss_bytes=91_200_000)  # fmt: skip
    assert isinstance(status, IngestStatus)
    assert stats_line(status).startswith("[binance] 0 msg/s")
    status = replace(
        status,
        messages_per_second=1_000.0,
        received_bytes_per_second=256_000.0,
        lag_p50_ns=4_200_000,
        lag_p99_ns=4_200_000,
        state="blocked",
        note="disk full",
    )
    assert stats_line(status) == (
        "[binance] 1,000 msg/s, 256.0 kB/s, queue 12, lag p50 4.2 ms p99 4.2 ms, buffers 3, segments 4, "
        "reconnects 1, gaps 2, RSS 91.2 MB, BLOCKED: disk full"
    )
