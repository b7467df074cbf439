from __future__ import annotations

import os
from pathlib import Path

import pytest

from daedalus.store.status import Status, read_status, read_statuses, write_status


def test_a_status_is_read_as_it_was_written(tmp_path: Path) -> None:
    status = Status(worker="sync", pid=7, boot_id="b", started_ns=1, updated_ns=2, figures={"files": 3.0})
    write_status(tmp_path, status)
    assert read_status(tmp_path, "sync") == status
    assert read_statuses(tmp_path) == [status]


def test_a_time_in_ns_is_kept_to_the_last_digit(tmp_path: Path) -> None:
    figures = {"durable_ns": 1_795_400_000_000_000_123, "messages_per_second": 0.5}
    status = Status(worker="sync", pid=7, boot_id="b", started_ns=1, updated_ns=2, figures=figures)
    write_status(tmp_path, status)
    read = read_status(tmp_path, "sync")
    assert read is not None
    assert dict(read.figures) == figures
    assert isinstance(read.figures["durable_ns"], int)


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"worker":"\xff"}', b'{"\xef":1}', b'{"x":' + b"[" * 100_000]
)
def test_a_status_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sync.json").write_bytes(content)
    assert read_status(tmp_path, "sync") is None
    assert read_statuses(tmp_path) == []


def test_a_status_that_is_no_file_is_none_and_is_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "sync.json")
    assert read_status(tmp_path, "sync") is None
    assert read_statuses(tmp_path) == []
    os.mkfifo(tmp_path / f".sync.json.{os.getpid()}.tmp")
    status = Status(worker="sync", pid=1, boot_id="b", started_ns=1, updated_ns=2)
    write_status(tmp_path, status)
    assert read_status(tmp_path, "sync") == status
