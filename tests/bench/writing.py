"""From memory to the disk: what three writers take for the same rows, and what a kill leaves of them.

    python writing.py WRITER MESSAGES DIRECTORY

writes every message, then prints the bytes by which its memory grew over the second half of them; told
to go on, it closes its files and prints the CPU seconds that it took. Killed instead, it leaves what it
leaves.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct
from storing import json_line, records_of

from daedalus.store import Layout, RawRecord, StreamingParquetWriter, WriterLimits
from daedalus.store.raw import RAW_SCHEMA
from daedalus.store.segment import read_segment

__all__ = ["OURS", "Writing", "writers"]

OURS = "Daedalus: Arrow batches, then sealed Parquet"
PARQUET = "one Parquet file held open, groups of 100 rows, zstd-3"
LINES = "JSON lines in one zstd stream"
ROWS = 195_000
"""The last of them comes between two flushes of ours, as most kills do."""

GROUP_ROWS = 100
RATE = 2000
TURN_ROWS = RATE // 4
"""Rows between two turns of our writer, which has four in a second."""


class Writing(Struct, frozen=True):
    """Of one writer: CPU in µs and bytes at rest per message, the bytes by which its RSS grows per message,
    the share of the rows that can still be read after kill -9."""

    name: str
    cpu_us: float
    bytes_at_rest: float
    growth: float
    left_by_kill: float


def writers(messages: Path, directory: Path) -> list[Writing]:
    """Each writer twice: once to its end, once killed before it."""
    found = []
    for number, name in enumerate((OURS, PARQUET, LINES)):
        folder, killed = directory / f"{number}-closed", directory / f"{number}-killed"
        with _started(name, messages, folder) as writer:
            growth = _figure(writer)
            cpu = _figure(writer, told="go on")
        with _started(name, messages, killed) as writer:
            _figure(writer)
            writer.kill()
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        left = _READABLE[name](killed) / ROWS
        found.append(Writing(name, cpu / ROWS * 1e6, size / ROWS, growth / (ROWS / 2), left))
    return found


@contextmanager
def _started(name: str, messages: Path, directory: Path) -> Iterator[subprocess.Popen[str]]:
    directory.mkdir(parents=True)
    arguments = [sys.executable, __file__, name, str(messages), str(directory)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def _figure(process: subprocess.Popen[str], told: str | None = None) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    if told is not None:
        process.stdin.write(f"{told}\n")
        process.stdin.flush()
    return float(process.stdout.readline())


_Write = Callable[[Iterator[RawRecord], Path], Callable[[], object]]
"""Writes rows below a directory; what it returns closes the files."""


def _ours(rows: Iterator[RawRecord], directory: Path) -> Callable[[], object]:
    number = 0
    # It flushes and fsyncs as often for so many rows as the recorder does.
    writer = StreamingParquetWriter(
        Layout(directory), "binance", WriterLimits(min_free_bytes=0), monotonic=lambda: number / RATE
    )
    writer.recover()
    for number, row in enumerate(rows, 1):
        writer.append(row)
        if number % TURN_ROWS == 0:
            writer.work()
    return lambda: writer.close(600)


def _parquet(rows: Iterator[RawRecord], directory: Path) -> Callable[[], object]:
    writer = pq.ParquetWriter(directory / "rows.parquet", RAW_SCHEMA, compression="zstd", compression_level=3)
    while group := list(islice(rows, GROUP_ROWS)):
        columns = [[getattr(row, name) for row in group] for name in RAW_SCHEMA.names]
        writer.write_table(pa.table(columns, schema=RAW_SCHEMA))
    return writer.close


def _lines(rows: Iterator[RawRecord], directory: Path) -> Callable[[], object]:
    stream = pa.CompressedOutputStream(pa.OSFile(str(directory / "rows.jsonl.zst"), "wb"), "zstd")
    for row in rows:
        stream.write(json_line(row) + b"\n")
    return stream.close


def _readable_of_ours(directory: Path) -> int:
    layout = Layout(directory)
    sealed = sum(pq.read_metadata(path).num_rows for path in layout.raw("ready").rglob("*.parquet"))
    batches = (batch for path in layout.active.iterdir() for batch, _ in read_segment(path))
    return sealed + sum(batch.num_rows for batch in batches)


def _readable_parquet(directory: Path) -> int:
    try:
        return int(pq.read_metadata(directory / "rows.parquet").num_rows)
    except pa.ArrowInvalid:  # the footer is written last
        return 0


def _readable_lines(directory: Path) -> int:
    found = 0
    try:
        with pa.input_stream(str(directory / "rows.jsonl.zst"), compression="zstd") as stream:
            while piece := stream.read(1 << 16):
                found += piece.count(b"\n")
    except OSError:  # it ends in the middle
        pass
    return found


_WRITE: dict[str, _Write] = {OURS: _ours, PARQUET: _parquet, LINES: _lines}
_READABLE = {OURS: _readable_of_ours, PARQUET: _readable_parquet, LINES: _readable_lines}


def main() -> None:
    name, messages, directory = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    now_ns = time.time_ns()
    payloads = messages.read_bytes().splitlines()[:ROWS]
    rows = records_of("binance", [(now_ns, each) for each in payloads])
    process, rss_at_half, begun = psutil.Process(), 0, time.process_time()

    def noting_the_half() -> Iterator[RawRecord]:
        nonlocal rss_at_half
        yield from rows[: len(rows) // 2]
        rss_at_half = process.memory_info().rss
        yield from rows[len(rows) // 2 :]

    close = _WRITE[name](noting_the_half(), directory)
    print(process.memory_info().rss - rss_at_half, flush=True)
    sys.stdin.readline()
    close()
    print(time.process_time() - begun, flush=True)


if __name__ == "__main__":
    main()
