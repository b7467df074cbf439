"""What an upload costs: CPU per MB, and how much of what the store itself takes is used."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from msgspec import Struct
from receiving import HERE

from daedalus.store import Layout
from daedalus.sync import sync_once

sys.path.insert(0, str(HERE.parent))  # what the tests share

from support.backlog import segment, table_file
from support.s3_server import S3Server, weed_binary

__all__ = ["Syncing", "sync"]

FILES = 12
FILE_BYTES = 8_000_000
TABLES_READY = "ready"


class Syncing(Struct, frozen=True):
    """CPU in ms per MB, MB/s of the upload, and MB/s of plain puts of the same bytes, one after the other."""

    cpu_ms: float
    plain_cpu_ms: float
    rate: float
    plain_rate: float


def sync(directory: Path) -> Syncing | None:
    """Upload to a real S3 server on loopback; None where there is none."""
    binary = weed_binary()
    if binary is None:
        return None
    layout = Layout(directory / "data")
    bodies = [os.urandom(FILE_BYTES) for _ in range(FILES)]
    for hour, body in enumerate(bodies):
        table_file(layout, TABLES_READY, segment(hour), body)
    server = S3Server(binary, directory / "server")
    try:
        server.start()
        bucket = server.new_bucket("bench")
        mb = FILES * FILE_BYTES / 1e6
        plain = server.filesystem()
        plain.call_s3("put_object", Bucket=bucket, Key="first", Body=b"")  # connected, and its volumes there
        wall, cpu = time.monotonic(), time.process_time()
        for number, body in enumerate(bodies):
            plain.call_s3("put_object", Bucket=bucket, Key=f"plain/{number}", Body=body)
        plain_wall, plain_cpu = time.monotonic() - wall, time.process_time() - cpu
        wall, cpu = time.monotonic(), time.process_time()
        report = sync_once(layout, server.settings(bucket))
        own_wall, own_cpu = time.monotonic() - wall, time.process_time() - cpu
        assert report.uploaded_files == FILES, report.error
    finally:
        server.kill()
    return Syncing(own_cpu / mb * 1e3, plain_cpu / mb * 1e3, mb / own_wall, mb / plain_wall)
