"""Bytes at rest, bytes written and CPU per message of a recording, against compressed lines of the same.

The writer's clocks follow the recording, so that it flushes, fsyncs and seals as it did in those minutes.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import Struct
from pyarrow import csv
from receiving import MODULE

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Heartbeat
from daedalus.normalize import normalize_ready
from daedalus.store import CONNECTION, Layout, RawKind, RawRecord, StreamingParquetWriter, WriterLimits

__all__ = ["Storing", "json_line", "peak_of_normalize", "records_of", "store"]


TURN_NS = 250_000_000  # of the writer, as in the recorder
SNAPSHOT = b'{"lastUpdateId"'
"""How Binance's answer over REST begins."""

_CSV = {
    "trades": ("symbol", "timestamp", "local_timestamp", "id", "side", "price", "amount"),
    "book_updates": ("symbol", "timestamp", "local_timestamp", "is_snapshot", "side", "price", "amount"),
}
"""The columns that tardis.dev's files have; of other tables all."""


class Storing(Struct, frozen=True):
    """Of one exchange's recording: bytes at rest and CPU in µs per message, bytes written per byte received.

    ``tables``: (name, lines, bytes, bytes as gzip CSV) per message; ``columns``: the largest.
    """

    exchange: str
    messages: int
    seconds: float
    payload_bytes: float
    json_lines_bytes: float
    raw_bytes: float
    tables_bytes: float
    csv_bytes: float
    write_us: float
    seal_us: float
    normalize_us: float
    rows: float
    written_by_ingest: float
    written_by_normalize: float
    tables: tuple[tuple[str, float, float, float], ...]
    columns: tuple[tuple[str, float], ...]


def store(exchange: str, stamped: list[tuple[int, bytes]], directory: Path) -> Storing:
    """Write, seal and normalize an exchange's messages, one after the other in this process."""
    layout = Layout(directory)
    records = records_of(exchange, stamped)
    now_ns = stamped[0][0]
    writer = StreamingParquetWriter(
        layout,
        exchange,
        WriterLimits(min_free_bytes=0),
        clock=lambda: now_ns,
        monotonic=lambda: now_ns / 1e9,
    )
    writer.recover()
    wrote, before = bytes_written(), time.process_time()
    turn = now_ns
    for record in records:
        now_ns = max(now_ns, record.recv_ns)
        writer.append(record)
        if now_ns - turn >= TURN_NS:
            turn = now_ns
            writer.work()
    writer.work()
    written = time.process_time()
    writer.close(600)
    sealed, wrote_raw = time.process_time(), bytes_written()
    raw = size_of(layout.raw("ready"))
    progress = normalize_ready(layout)
    normalized, wrote_tables = time.process_time(), bytes_written()
    count = len(records)
    received = sum(len(payload) for _, payload in stamped)
    tables = tuple(_tables(layout.tables("ready"), count))
    return Storing(
        exchange=exchange,
        messages=count,
        seconds=(stamped[-1][0] - stamped[0][0]) / 1e9,
        payload_bytes=received / count,
        json_lines_bytes=json_lines(records) / count,
        raw_bytes=raw / count,
        tables_bytes=size_of(layout.tables("ready")) / count,
        csv_bytes=sum(csv for _, _, _, csv in tables),
        write_us=(written - before) / count * 1e6,
        seal_us=(sealed - written) / count * 1e6,
        normalize_us=(normalized - sealed) / count * 1e6,
        rows=progress.rows / count,
        written_by_ingest=(wrote_raw - wrote) / received,
        written_by_normalize=(wrote_tables - wrote_raw) / received,
        tables=tables,
        columns=largest_columns(layout.tables("ready"), count),
    )


def peak_of_normalize(directory: Path) -> int:
    """The most that the whole worker held (RSS, bytes) over what a recorder has left in ``directory``."""
    command = [sys.executable, *MODULE, "normalize", "--once", "--config", str(directory / "config.yaml")]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as worker:
        _, status, used = os.wait4(worker.pid, 0)
        worker.returncode = os.waitstatus_to_exitcode(status)
    assert worker.returncode == 0
    return used.ru_maxrss * 1024


def records_of(exchange: str, stamped: list[tuple[int, bytes]]) -> list[RawRecord]:
    """The messages, with the ns at which each came, as the rows that a recorder makes of them."""
    read = EXCHANGES[exchange].messages.reader()
    records: list[RawRecord] = []
    for number, (recv_ns, payload) in enumerate(stamped):
        if payload.startswith(SNAPSHOT):
            kind, symbol = RawKind.SNAPSHOT.value, records[0].symbol
            records.append(RawRecord(recv_ns, "bench-0", number, kind, "depth", symbol, payload))
            continue
        header = read(payload)
        channel, symbol = CONNECTION, ""
        if isinstance(header, Data | Heartbeat) and header.channel:
            channel, symbol = header.channel, header.symbol
        kind = RawKind.MESSAGE.value
        records.append(RawRecord(recv_ns, "bench-0", number, kind, channel, symbol, payload))
    return records


def bytes_written() -> int:
    """What this process has caused to be written to the device, less what was deleted before it got there."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["write_bytes"]) - int(lines["cancelled_write_bytes"])


def json_line(record: RawRecord) -> bytes:
    """A message with its receive time, as a line of JSON."""
    about = {
        "recv_ns": record.recv_ns,
        "channel": record.channel,
        "symbol": record.symbol,
        "payload": record.payload.decode(),
    }
    return json.dumps(about).encode()


def json_lines(records: list[RawRecord]) -> int:
    """The size of the messages as one zstd-3 frame of JSON lines with their receive time."""
    lines = [json_line(record) for record in records]
    return len(pa.Codec("zstd", compression_level=3).compress(b"\n".join(lines), asbytes=True))


def _tables(root: Path, count: int) -> Iterator[tuple[str, float, float, float]]:
    """Each table's lines, its bytes and its bytes as gzip CSV, per message."""
    for folder in sorted(root.iterdir()):
        paths = sorted(folder.rglob("*.parquet"))
        content = pa.concat_tables([pq.ParquetFile(path).read() for path in paths])
        size = sum(path.stat().st_size for path in paths)
        yield folder.name, content.num_rows / count, size / count, gzip_csv(folder.name, content) / count


def gzip_csv(name: str, table: pa.Table) -> int:
    """The size as tardis.dev delivers such a table: CSV, times in µs, gzip."""
    columns = _CSV.get(name, tuple(table.column_names))
    table = table.select([column for column in columns if column in table.column_names])
    for place, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            whole_us = pc.cast(table.column(place), pa.timestamp("us", tz="UTC"), safe=False)
            table = table.set_column(place, field.name, whole_us.cast(pa.int64()))
    sink = pa.BufferOutputStream()
    csv.write_csv(table, sink)
    return len(gzip.compress(sink.getvalue().to_pybytes(), 6))


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
