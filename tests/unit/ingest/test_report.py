"""What ingest notes of itself."""

from __future__ import annotations

import time
from pathlib import Path

from daedalus.ingest.counters import Bookless, Counters, Meter
from daedalus.ingest.report import Reporter
from daedalus.store import Layout, StreamingParquetWriter, WriterLimits
from daedalus.store.status import Setup, read_status


def test_files_that_cannot_be_sealed_are_told_while_recording_goes_on(tmp_path: Path) -> None:
    writer = StreamingParquetWriter(Layout(tmp_path), "binance", WriterLimits())
    counters = Counters()
    setup = Setup(config_path="/etc/daedalus/config.yaml", config_hash="abc", version="1")
    reporter = Reporter(tmp_path, "binance", counters, writer, setup)
    reporter.expect(8)
    reporter.write("running", Meter(counters, 0.0).read(1.0))
    status = read_status(tmp_path, "ingest-binance")
    assert status is not None
    assert (status.note, status.config_hash) == ("8 streams on 0 connections", "abc")
    writer._sealer.trouble = "raw/ready: Permission denied"
    reporter.write("running", Meter(counters, 0.0).read(1.0))
    status = read_status(tmp_path, "ingest-binance")
    assert status is not None
    assert status.state == "running"
    assert status.note.endswith("full files must wait to be sealed: raw/ready: Permission denied")


def test_a_book_that_has_long_had_no_snapshot_is_told_with_the_reason(tmp_path: Path) -> None:
    counters = Counters()
    writer = StreamingParquetWriter(Layout(tmp_path), "binance", WriterLimits())
    reporter = Reporter(tmp_path, "binance", counters, writer, Setup())
    counters.bookless["depth", "A"] = Bookless(time.time_ns() - 61 * 10**9, "the exchange answers <html>")
    counters.bookless["depth", "B"] = Bookless(time.time_ns())
    reporter.write("running", Meter(counters, 0.0).read(1.0))
    status = read_status(tmp_path, "ingest-binance")
    assert status is not None
    assert status.note == "books without a snapshot: 1; the exchange answers <html>"
    assert status.figures["bookless"] == 2
