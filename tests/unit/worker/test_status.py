"""A status is read as it was written, and whatever else lies in its place stops nobody."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from support.statuses import status_of

from daedalus.worker.status import (
    IngestStatus,
    UnreadableStatus,
    read_status,
    read_statuses,
    write_status,
)

WORKERS = ("ingest-binance", "normalize", "sync", "watchdog")


@pytest.mark.parametrize("worker", WORKERS)
def test_a_status_is_read_as_it_was_written(tmp_path: Path, worker: str) -> None:
    status = status_of(worker, note="all is well", state="stopped", config_hash="abc")
    write_status(tmp_path, status)
    assert read_status(tmp_path, worker) == status
    assert read_statuses(tmp_path) == [status]


def test_each_worker_writes_a_file_of_its_own(tmp_path: Path) -> None:
    for worker in WORKERS:
        write_status(tmp_path, status_of(worker))
    assert [each.worker for each in read_statuses(tmp_path)] == list(WORKERS)


def test_a_time_in_ns_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    durable_ns = 1_795_400_000_000_000_123
    write_status(tmp_path, status_of("ingest-binance", durable_ns=durable_ns, messages_per_second=0.5))
    read = read_status(tmp_path, "ingest-binance")
    assert isinstance(read, IngestStatus)
    assert (read.durable_ns, read.messages_per_second) == (durable_ns, 0.5)


def test_where_nothing_was_written_there_is_no_status(tmp_path: Path) -> None:
    assert read_status(tmp_path, "sync") is None
    assert read_statuses(tmp_path / "nowhere") == []


def changed(**fields: Any) -> bytes:
    """The status of sync with other fields."""
    content = msgspec.json.decode(msgspec.json.encode(status_of("sync")))
    return msgspec.json.encode({**content, **fields})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"worker":"\xff"}',
        b'{"\xef":1}',
        b'{"x":' + b"[" * 100_000,
        b'{"worker":"sync","pid":1,"boot_id":"","started_ns":1,"updated_ns":1,"figures":{}}',
        changed(state="dancing"),
        changed(kind="unknown"),
        changed(files_waiting="many"),
        msgspec.json.encode(status_of("normalize")),  # of another worker
    ],
)
def test_a_status_that_cannot_be_read_is_told_plainly(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sync.json").write_bytes(content)
    read = read_status(tmp_path, "sync")
    assert isinstance(read, UnreadableStatus)
    assert read.why.startswith(f"{tmp_path}/sync.json is damaged or of another version. Restart sync")
    assert read_statuses(tmp_path) == [read]


def test_a_status_that_is_no_file_is_told_and_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sync.json")
    read = read_status(tmp_path, "sync")
    assert isinstance(read, UnreadableStatus)
    assert "a pipe stands where a file is expected" in read.why
    os.mkfifo(tmp_path / f".sync.json.{os.getpid()}.tmp")
    status = status_of("sync")
    write_status(tmp_path, status)
    assert read_status(tmp_path, "sync") == status
