"""Recordings: every format, byte for byte."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from daedalus.simulator.options import SimulatorError
from daedalus.simulator.protocol import HttpRequest
from daedalus.simulator.recording import read_recordings

SECONDS = b"""wss://stream.example/stream?streams=a@trade <-> 1633998511.5
wss://stream.example <- 1633998511.6: {"method":"SUBSCRIBE"}
1633998512.0633569: {"a": "1: 2"}

1633998512.564785: [1, 2]\x20
"""
DEPTH = "https://api.example/api/v3/depth?symbol={}&limit=1000 -> 1633998512.32: {}\n"


def write(folder: Path, name: str, content: bytes) -> Path:
    (folder / name).write_bytes(content)
    return folder / name


def test_only_what_was_received_is_played_with_its_time_to_the_nanosecond(tmp_path: Path) -> None:
    recording = read_recordings([write(tmp_path, "seconds", SECONDS)])
    assert [(message.time_ns, message.payload) for message in recording.messages] == [
        (1633998512_063356900, b'{"a": "1: 2"}'),
        (1633998512_564785000, b"[1, 2] "),
    ]


def test_files_of_all_formats_are_merged_by_time_and_ties_keep_their_order(tmp_path: Path) -> None:
    nanoseconds = b'1633998512063356901 {"b":1}\n1633998512063356901 {"b":2}\n'
    paths = [
        write(tmp_path, "ns", gzip.compress(nanoseconds)),
        write(tmp_path, "seconds", SECONDS),
    ]
    payloads = [message.payload for message in read_recordings(paths).messages]
    assert payloads == [b'{"a": "1: 2"}', b'{"b":1}', b'{"b":2}', b"[1, 2] "]


def test_recorded_answers_are_given_by_symbol_in_turn_and_the_last_one_stays(tmp_path: Path) -> None:
    rows = (("AB", "ab1"), ("CD", "cd1"), ("AB", "ab2"))
    content = "".join(DEPTH.format(*row) for row in rows).encode()
    recording = read_recordings([write(tmp_path, "http", content)])
    asked = HttpRequest("/api/v3/depth", {"symbol": "AB", "limit": "5000"})
    assert [recording.answer(asked).body for _ in range(3)] == [b"ab1", b"ab2", b"ab2"]
    assert recording.answer(HttpRequest("/api/v3/depth", {"symbol": "CD"})).body == b"cd1"
    assert recording.answer(HttpRequest("/api/v3/depth", {"symbol": "EF"})).status == 404
    assert recording.answer(HttpRequest("/api/v3/time", {})).status == 404


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"1633998512.5: {}\nhello\n", ":2: expected"), (b"\x1f\x8bnot gzip", "cannot be read")],
)
def test_what_is_no_recording_is_refused_with_file_and_line(
    tmp_path: Path, content: bytes, says: str
) -> None:
    path = write(tmp_path, "odd", content)
    with pytest.raises(SimulatorError, match=says) as caught:
        read_recordings([path])
    assert str(path) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SimulatorError, match="nowhere: cannot be read"):
        read_recordings([tmp_path / "nowhere"])


def test_every_recording_of_a_real_exchange_can_be_read(recordings: Path) -> None:
    for path in sorted(recordings.iterdir()):
        if path.suffix != ".md":
            recording = read_recordings([path])
            times = [message.time_ns for message in recording.messages]
            assert times == sorted(times)
            assert bool(times) != (".http." in path.name)
