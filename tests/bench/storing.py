"""Bytes at rest and CPU per row of sealing and normalizing, against zstd JSON lines of the same messages."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from daedalus.exchanges import VENUES
from daedalus.normalize import normalize_ready
from daedalus.store import UNKNOWN, Layout, RawKind, RawRecord, StreamingParquetWriter, WriterLimits

__all__ = ["Storing", "store"]


class Storing(Struct, frozen=True):
    """Bytes per message at rest (also of the tables' largest columns), and CPU in µs per message."""

    messages: int
    payload_bytes: float
    json_lines_bytes: float
    raw_bytes: float
    tables_bytes: float
    write_us: float
    seal_us: float
    normalize_us: float
    columns: tuple[tuple[str, float], ...]


def store(stamped: list[tuple[int, bytes]], directory: Path) -> Storing:
    """Write, seal and normalize messages of Binance, one after the other in this process."""
    layout = Layout(directory)
    classify = VENUES["binance"].classify
    writer = StreamingParquetWriter(layout, "binance", WriterLimits(min_free_bytes=0))
    writer.recover()
    before = time.process_time()
    for number, (recv_ns, payload) in enumerate(stamped):
        header = classify(payload)
        channel = header.channel or UNKNOWN
        record = RawRecord(recv_ns, "bench-0", number, RawKind.MESSAGE.value, channel, header.symbol, payload)
        writer.append(record)
        if number % 1000 == 999:
            writer.work()
    writer.work()
    written = time.process_time()
    writer.close(600)
    sealed = time.process_time()
    raw = size_of(layout.raw("ready"))
    normalize_ready(layout)
    normalized = time.process_time()
    count = len(stamped)
    return Storing(
        messages=count,
        payload_bytes=sum(len(payload) for _, payload in stamped) / count,
        json_lines_bytes=json_lines(stamped) / count,
        raw_bytes=raw / count,
        tables_bytes=size_of(layout.tables("ready")) / count,
        write_us=(written - before) / count * 1e6,
        seal_us=(sealed - written) / count * 1e6,
        normalize_us=(normalized - sealed) / count * 1e6,
        columns=largest_columns(layout.tables("ready"), count),
    )


def json_lines(stamped: list[tuple[int, bytes]]) -> int:
    """The size of the messages as one zstd-3 frame of JSON lines with their receive time."""
    classify = VENUES["binance"].classify
    lines = []
    for recv_ns, payload in stamped:
        header = classify(payload)
        line = {
            "recv_ns": recv_ns,
            "channel": header.channel,
            "symbol": header.symbol,
            "payload": payload.decode(),
        }
        lines.append(json.dumps(line).encode())
    return len(pa.Codec("zstd", compression_level=3).compress(b"\n".join(lines), asbytes=True))


def largest_columns(root: Path, count: int, most: int = 8) -> tuple[tuple[str, float], ...]:
    """The columns of all tables that take most, in bytes per message."""
    sizes: Counter[str] = Counter()
    for path in root.rglob("*.parquet"):
        file = pq.read_metadata(path)
        for group in range(file.num_row_groups):
            for place in range(file.num_columns):
                column = file.row_group(group).column(place)
                name = f"{path.relative_to(root).parts[0]}.{column.path_in_schema}"
                sizes[name] += column.total_compressed_size
    return tuple((name, size / count) for name, size in sizes.most_common(most))


def size_of(root: Path) -> int:
    """The bytes of all files below a directory."""
    return sum(path.stat().st_size for path in root.rglob("*.parquet"))
