from __future__ import annotations

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daedalus.store import RawKind, RawRecord
from daedalus.store.ipc_log import HEAD, Committed, Damaged, encode, scan

Row = Callable[..., RawRecord]


def found_in(path: Path) -> list[Committed | Damaged]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return list(scan(descriptor))
    finally:
        os.close(descriptor)


def sequences(found: list[Committed | Damaged]) -> list[int]:
    return [row["seq"] for one in found if isinstance(one, Committed) for row in one.batch.to_pylist()]


@pytest.fixture
def stream(row: Row) -> tuple[bytes, list[int]]:
    """Five batches of three rows, and the offsets at which each ends."""
    data, ends = HEAD, []
    for start in range(0, 15, 3):
        data += encode([row(start), row(start + 1), row(start + 2)])
        ends.append(len(data))
    return data, ends


def test_any_arrow_reader_reads_the_rows_of_an_active_file(stream: tuple[bytes, list[int]]) -> None:
    assert pa.ipc.open_stream(stream[0]).read_all().column("seq").to_pylist() == list(range(15))


def test_every_value_comes_back_as_it_was(tmp_path: Path) -> None:
    rows = [
        RawRecord(2**63 - 1, "ü", 2**63 - 1, RawKind.SNAPSHOT, "depth", "", b""),
        RawRecord(0, "", 0, RawKind.OPEN, "depth", "ÄÖ", bytes(range(256)) * 100),
    ]
    (tmp_path / "a").write_bytes(HEAD + encode(rows))
    (batch,) = found_in(tmp_path / "a")
    assert isinstance(batch, Committed)
    assert [RawRecord(**row) for row in batch.batch.to_pylist()] == rows


def test_the_ends_of_batches_are_where_they_were_written(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    data, ends = stream
    (tmp_path / "a").write_bytes(data)
    assert [one.end for one in found_in(tmp_path / "a")] == ends


def test_a_file_cut_at_any_byte_gives_the_whole_batches_before_the_cut(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    data, ends = stream
    path = tmp_path / "a"
    path.write_bytes(data)
    for size in range(len(data), -1, -7):
        os.truncate(path, size)
        whole = [end for end in ends if end <= size]
        found = found_in(path)
        assert sequences(found) == list(range(3 * len(whole)))
        good = whole[-1] if whole else len(HEAD) if size >= len(HEAD) else 0
        assert [one for one in found if isinstance(one, Damaged)] == (
            [Damaged(good, size)] if good < size else []
        )


def test_a_zero_filled_tail_gives_the_whole_batches_before_it(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    data, ends = stream
    for size in range(0, len(data), 41):
        (tmp_path / "a").write_bytes(data[:size].ljust(len(data) + 4096, b"\0"))
        whole = sum(end <= size for end in ends)
        # One more counts if the zeros begin behind the checksum in its marker: it is proven whole.
        rows = sequences(found_in(tmp_path / "a"))
        assert rows in (list(range(3 * whole)), list(range(3 * whole + 3)))


def test_a_marker_that_a_flipped_bit_made_longer_does_not_swallow_the_next_batch(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    data = bytearray(stream[0])
    marker = data.index(b"daedalus.commit")
    for at in range(marker - 150, marker):  # its length is one of these bytes
        for bit in range(8):
            data[at] ^= 1 << bit
            (tmp_path / "a").write_bytes(data)
            assert sequences(found_in(tmp_path / "a")) in (list(range(15)), list(range(3, 15)))
            data[at] ^= 1 << bit


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_a_flipped_bit_costs_at_most_its_own_batch(
    stream: tuple[bytes, list[int]], tmp_path: Path, position: int, bit: int
) -> None:
    data, ends = bytearray(stream[0]), stream[1]
    position %= len(data)
    data[position] ^= 1 << bit
    (tmp_path / "a").write_bytes(data)
    hit = sum(end <= position for end in ends)
    found = found_in(tmp_path / "a")
    everything = list(range(15))
    without = [seq for seq in everything if seq // 3 != hit]
    rows = sequences(found)
    assert rows in (everything, without)
    if rows == without:
        assert any(isinstance(one, Damaged) and one.start <= position < one.end for one in found)


def test_a_length_that_a_flipped_bit_made_huge_is_damage(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    data = bytearray(stream[0])
    start = stream[1][0]
    body = pa.ipc.read_message(pa.py_buffer(bytes(data[start:]))).body
    assert body is not None
    at = data.index(struct.pack("<q", body.size), start)
    data[at + 6] ^= 0x40
    (tmp_path / "a").write_bytes(data)
    assert sequences(found_in(tmp_path / "a")) == [0, 1, 2, *range(6, 15)]


def test_garbage_of_any_kind_holds_no_rows(tmp_path: Path) -> None:
    for garbage in (b"", b"\0" * 300_000, b"\xff" * 300_000, b"not ours", os.urandom(200_000)):
        (tmp_path / "a").write_bytes(garbage)
        assert found_in(tmp_path / "a") == ([Damaged(0, len(garbage))] if garbage else [])


def test_rows_behind_a_lost_head_are_found(stream: tuple[bytes, list[int]], tmp_path: Path) -> None:
    data = stream[0]
    (tmp_path / "a").write_bytes(b"\0" * len(HEAD) + data[len(HEAD) :])
    found = found_in(tmp_path / "a")
    assert found[0] == Damaged(0, len(HEAD))
    assert sequences(found) == list(range(15))


def test_a_batch_of_another_stream_is_damage_not_rows(
    stream: tuple[bytes, list[int]], tmp_path: Path
) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.schema([("other", pa.int64())])) as writer:
        writer.write_batch(pa.record_batch({"other": [1, 2]}))
    (tmp_path / "a").write_bytes(sink.getvalue().to_pybytes())
    assert sequences(found_in(tmp_path / "a")) == []


def test_a_block_that_the_medium_cannot_read_costs_only_its_batch(
    stream: tuple[bytes, list[int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, ends = stream
    (tmp_path / "a").write_bytes(data)
    real = os.pread
    broken = ends[1] + 40

    def pread(descriptor: int, size: int, offset: int) -> bytes:
        if offset <= broken < offset + size:
            raise OSError(errno.EIO, "Input/output error")
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", pread)
    assert sequences(found_in(tmp_path / "a"))[:6] == [0, 1, 2, 3, 4, 5]
