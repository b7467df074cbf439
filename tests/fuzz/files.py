"""What lies on the disk: whatever became of it, it is read rightly, refused in a word, or set aside whole."""

from __future__ import annotations

import atexit
import io
import shutil
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import msgspec
import pyarrow.parquet as pq

from daedalus.config import ConfigError, parse_config
from daedalus.exchanges import EXCHANGES
from daedalus.ingest.last_run import start_after
from daedalus.normalize import normalize_ready
from daedalus.normalize.checkpoint_files import read_checkpoint
from daedalus.normalize.decode_file import decode_lines
from daedalus.normalize.pipeline import Pipeline
from daedalus.normalize.recorded_lines import lines_of
from daedalus.status.render import as_json, as_table
from daedalus.status.view import view
from daedalus.store import READY, Layout, Partition, SegmentId
from daedalus.store.ipc_log import _MARKER_TEMPLATE, HEAD, Committed, encode, scan
from daedalus.store.layout import TableFile
from daedalus.store.raw import CONNECTION, RawKind, RawRecord
from daedalus.watchdog.decide import decide
from daedalus.watchdog.observation import Limits, Observation, WorkerSeen
from daedalus.watchdog.state import FILE, load_state
from daedalus.worker.status import IngestStatus, read_status
from fuzz.exchanges import to_tables

BEGIN = 1_790_000_000_000_000_000
CONN = "20260921T140640000000-0"
BINANCE = EXCHANGES["binance"]
SEGMENT = SegmentId(Partition("binance", "trade"), BEGIN)
NOW_NS = BEGIN + 60_000_000_000
TRADE = (
    b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1790000000000,"s":"BTCUSDT","t":%d,"p":"1","q":"1",'
    b'"T":1790000000000,"m":true}}'
)
MARKER_BYTES = len(_MARKER_TEMPLATE % 0)
LIMITS = Limits(memory_warn=10**9, memory_restart=2 * 10**9, min_free=10**9, repeat_seconds=3600.0)


def trades(count: int) -> list[RawRecord]:
    """Rows of one stream, a second apart."""
    return [
        RawRecord(BEGIN + at * 10**9, CONN, at, "message", "trade", "BTCUSDT", TRADE % at)
        for at in range(count)
    ]


@cache
def folder() -> Path:
    """A folder of this process, below TMPDIR, that goes when the process ends in good order."""
    path = Path(tempfile.mkdtemp(prefix="daedalus-fuzz-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def _written(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def active_file(data: bytes) -> None:
    """An active file: every byte behind its head is accounted for, and a batch is one that was written."""
    with open(_written(folder() / "active.arrows", data), "rb") as file:
        found = list(scan(file.fileno()))
    position = len(HEAD) if data[: len(HEAD)] == HEAD else 0
    for each in found:
        if isinstance(each, Committed):
            rows = [RawRecord(**row) for row in each.batch.to_pylist()]
            # What is proved is the batch; the marker itself has bytes that say nothing.
            assert data[position : each.end - MARKER_BYTES] == encode(rows)[:-MARKER_BYTES]
        else:
            assert each.start == position
        position = each.end
    assert position == max(len(data), position if found else 0)


def sealed_file(data: bytes) -> None:
    """A sealed file: its rows as they were written, or set aside, or left and told."""
    layout = Layout(folder() / "sealed")
    shutil.rmtree(layout.data_dir, ignore_errors=True)
    path = _written(layout.raw(READY) / SEGMENT.sealed_path, data)
    progress = normalize_ready(layout)
    if progress.damaged:
        (kept,) = layout.damaged.iterdir()
        assert kept.read_bytes() == data
    elif progress.trouble:
        assert path.read_bytes() == data
        raise AssertionError(f"it holds its partition back: {progress.trouble}")
    for table in (layout.tables(READY) / "trades").rglob("*.parquet"):
        pq.read_table(table, partitioning=None)


def checkpoint_file(data: bytes) -> None:
    """A checkpoint: refused with its own name and a remedy, or as it was written and fit to start from."""
    layout = Layout(folder() / "checkpoint")
    path = _written(layout.checkpoint(SegmentId(SEGMENT.partition, BEGIN - 1)), data)
    refused = ""
    try:
        checkpoint = read_checkpoint(layout, SEGMENT)
    except ValueError as error:
        refused = str(error)
    if refused:
        assert refused.startswith(str(path))
        return
    assert msgspec.json.encode(checkpoint) in data
    pipeline = Pipeline(BINANCE, "trade", checkpoint, io.BytesIO())
    pipeline.feed(trades(3))
    for table, date in pipeline.files():
        list(pipeline.batches(table, date))
    pipeline.checkpoint()


NOTES = [kind for kind in RawKind if kind not in (RawKind.MESSAGE, RawKind.SNAPSHOT, RawKind.BACKFILL)]


def notes(data: bytes) -> None:
    """The recorder's own rows among trades, one a line; the first byte of each says of which kind it is."""
    for channel, symbol in (("trade", "BTCUSDT"), (CONNECTION, "")):
        rows: list[RawRecord] = []
        for line in data.split(b"\n")[:20]:
            number, at = len(rows), BEGIN + len(rows) * 10**9
            kind, payload = NOTES[line[0] % len(NOTES)] if line else RawKind.MESSAGE, line[1:]
            rows.append(RawRecord(at, CONN, number, kind.value, channel, symbol, payload))
            rows.append(RawRecord(at, CONN, number + 1, "message", channel, symbol, TRADE % (number * 3)))
        to_tables(BINANCE, channel, rows)


def status_file(data: bytes) -> None:
    """A worker's status: one that can be shown and gone on from, or none."""
    directory = folder() / "status"
    _written(directory / "ingest-binance.json", data)
    last = read_status(directory, "ingest-binance")
    start_after(last if isinstance(last, IngestStatus) else None, "a boot", left=True)
    rows = view(
        [] if last is None else [last], ["sync"], now_ns=NOW_NS, boot_id="a boot", alive=lambda _: True
    )
    as_json(rows).encode()
    as_table(rows)


def watchdog_file(data: bytes) -> None:
    """What the watchdog remembers: it judges by it, or begins anew."""
    directory = folder()
    _written(directory / FILE, data)
    remembered = load_state(directory)
    for state in ("running", "killed", "blocked"):
        worker = WorkerSeen(worker="ingest-binance", state=state, unit="u", silent_seconds=1e4, started_ns=5)
        seen = Observation(at=1000.0, now_ns=NOW_NS, boot_id="a boot", workers=(worker,))
        remembered = decide(seen, remembered, LIMITS).state


def configuration(data: bytes) -> None:
    """A configuration: refused in words, or the exchanges' addresses that it leads to are sound."""
    refused = ""
    try:
        config = parse_config(data, "config.yaml")
    except ConfigError as error:
        refused = str(error)
    if refused:
        assert refused.startswith("config.yaml")
        assert len(refused) < 1000 + 100 * len(data), "more is told than was written"
        return
    for exchange in config.exchanges.values():
        streams = exchange.subscriptions()
        for stream in streams:
            assert ".." not in stream.symbol
            assert not set(stream.symbol) - set(exchange.exchange.symbol_marks) & set("/\\\0\n\r ?#%")
        for plan in exchange.exchange.requests.plan(streams, exchange.exchange.websocket_url):
            assert plan.url.isascii()
            assert plan.url.isprintable()


def file_name(data: bytes) -> None:
    """A path below a state's folder: one of ours leads back to itself, and stays below."""
    try:
        path = Path(data.decode("utf-8", "surrogateescape"))
    except ValueError:
        return
    for found in (SegmentId.from_sealed(path), TableFile.from_path(path)):
        if found is not None:
            own = found.sealed_path if isinstance(found, SegmentId) else found.path
            assert own == path
            assert ".." not in own.parts
    active = SegmentId.from_active(str(path))
    assert active is None or active.active_name == str(path)
    for exchange in EXCHANGES.values():
        exchange.requests.symbol(str(path))


def recorded(name: str) -> Callable[[bytes], None]:
    """Messages that others recorded: rows, or counted as what they are."""

    def read(data: bytes) -> None:
        counts: Counter[str] = Counter()
        try:
            for _ in decode_lines(EXCHANGES[name], lines_of(io.BufferedReader(io.BytesIO(data))), counts):
                pass
        except (OSError, EOFError, zlib.error):  # gzipped, and damaged: the command says so
            return

    return read
