"""What fuzzing begins with: the exchanges' samples, recorded messages if there are any, files."""

from __future__ import annotations

import ast
import gzip
import io
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
from support.exchange_samples import samples_of

from daedalus.exchanges import EXCHANGES
from daedalus.exchanges.model import Data, Heartbeat
from daedalus.normalize.checkpoint import Checkpoint
from daedalus.normalize.checkpoint_files import write_checkpoint
from daedalus.normalize.pipeline import Pipeline
from daedalus.normalize.recorded_lines import lines_of, read_line
from daedalus.store.ipc_log import HEAD, encode
from daedalus.store.layout import Layout, TableFile
from daedalus.store.raw import DAMAGE, RAW_SCHEMA
from daedalus.watchdog.state import OpenProblem, State, WorkerState
from daedalus.worker.status import IngestStatus, Process
from daedalus.worker.status import State as WorkState

from .files import BEGIN, BINANCE, SEGMENT, folder, trades

TESTS = Path(__file__).resolve().parents[1]
RECORDINGS = TESTS.parents[1] / "shared" / "recordings"
LARGEST_BYTES = 2000


@cache
def literals(pattern: str) -> tuple[bytes, ...]:
    """The texts and bytes that stand in the tests which match ``pattern``, longest first."""
    found: dict[bytes, None] = {}
    for path in sorted(TESTS.glob(pattern)):
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
                value = (
                    node.value.encode("utf-8", "surrogatepass") if isinstance(node.value, str) else node.value
                )
                found[value] = None
            elif isinstance(node, ast.Dict | ast.List):
                try:
                    found[json.dumps(ast.literal_eval(node)).encode()] = None
                except (ValueError, TypeError):
                    continue
    return tuple(sorted(found, key=len, reverse=True))


def of_exchange(name: str) -> list[bytes]:
    """The exchange's samples, recorded messages if there are any, and connections of several messages."""
    samples = samples_of(name)
    assert samples
    found = [text for text in samples.payloads() if len(text) <= LARGEST_BYTES]
    found += recorded(name.split("_")[0])
    data = [each.payload for each in samples.messages if each.said.kind == "data"]
    opening = b"\n".join(samples.opening) + b"\n" if samples.opening else b""
    return [*found, *(opening + b"\n".join(data[at : at + 4]) for at in range(0, min(len(data), 40), 4))]


def recorded(family: str, each: int = 4) -> list[bytes]:
    """Some messages of each kind from the recordings that lie beside the project, if any do."""
    found: list[bytes] = []
    seen: Counter[tuple[str, str]] = Counter()
    readers = [exchange for name, exchange in EXCHANGES.items() if name.split("_")[0] == family]
    for path in sorted(RECORDINGS.glob(f"{family.upper()}*")):
        with open(path, "rb") as stream:
            for _, line in zip(range(3000), lines_of(stream), strict=False):
                message = read_line(line)
                if message is None or len(message.payload) > LARGEST_BYTES:
                    continue
                headers = [exchange.messages.classify(message.payload) for exchange in readers]
                kind = next(
                    ((h.kind, h.channel) for h in headers if isinstance(h, Data | Heartbeat) and h.channel),
                    (headers[0].kind, path.name),
                )
                seen[kind] += 1
                if seen[kind] <= each:
                    found.append(message.payload)
    return found


def wires() -> list[bytes]:
    """Frames of each kind and size, whole."""

    def frame(first: int, payload: bytes) -> bytes:
        size = len(payload)
        if size < 126:
            return bytes((first, size)) + payload
        wide, mark = (2, 126) if size < 65536 else (8, 127)
        return bytes((first, mark)) + size.to_bytes(wide, "big") + payload

    kinds = (0x81, 0x82, 0x01, 0x80, 0x89, 0x8A, 0x88, 0xC1)
    sized = [frame(kind, b"x" * size) for kind in kinds for size in (0, 1, 125, 126, 300)]
    mixed = b"".join(sized[::3])
    return [
        b"\x07" + each
        for each in (*sized, mixed, b"\x81\x7f" + bytes(7) + b"\x05hello", b"\x81\x85abcd01234")
    ]


def answers() -> list[bytes]:
    """HTTP answers behind their version: good ones, refusals, redirections, broken ones."""
    end = b"\r\n\r\n"
    return [
        b"200 OK\r\nX-Used: 17\r\nContent-Length: 2" + end + b"[]",
        b"200 OK\r\nTransfer-Encoding: chunked" + end + b"2\r\n[]\r\n0\r\n\r\n",
        b"429 Slow\r\nRetry-After: 17" + end,
        b"418 Teapot\r\nRetry-After: Wed, 21 Oct 2026 07:28:00 GMT" + end,
        b"301 Moved\r\nLocation: /depth" + end,
        b"302 Moved\r\nLocation: http://[::1" + end,
        b"307 Moved\r\nLocation: ftp://there/file" + end,
        b"307 Moved\r\nLocation: file:///etc/hostname" + end,
        b"100 Continue" + end + b"HTTP/1.1 200 OK" + end + b"{}",
        b"500 Trouble\r\nContent-Length: 99999999999999999999" + end + b"x",
        b"99999 ?" + end,
    ]


def active_files() -> list[bytes]:
    rows = trades(6)
    good = HEAD + encode(rows[:2]) + encode(rows[2:])
    return [
        good,
        HEAD,
        good[:-20],
        good[: len(HEAD)] + good[len(HEAD) + 16 :],
        good + bytes(64),
        encode(rows[:1]),
    ]


def sealed_files() -> list[bytes]:
    def sealed(count: int, damage: str | None = None) -> bytes:
        schema = RAW_SCHEMA if damage is None else RAW_SCHEMA.with_metadata({DAMAGE: damage})
        table = pa.Table.from_pylist([msgspec.structs.asdict(row) for row in trades(count)], schema)
        sink = io.BytesIO()
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        return sink.getvalue()

    return [sealed(3), sealed(0), sealed(40), sealed(3, "[0, 2]"), sealed(3, "[9]")]


def checkpoints() -> Iterator[bytes]:
    """What segments of trades with a gap leave behind."""
    rows = [row for row in trades(9) if row.seq not in (3, 4)]
    found: list[Checkpoint] = [Checkpoint()]
    for damaged in (False, True):
        pipeline = Pipeline(BINANCE, "trade", Checkpoint(damaged=damaged), io.BytesIO())
        pipeline.feed(rows)
        found.append(pipeline.checkpoint())
    layout = Layout(folder() / "seeds")
    for each in found:
        write_checkpoint(layout, SEGMENT, each)
        yield layout.checkpoint(SEGMENT).read_bytes()


def note_rows() -> list[bytes]:
    payloads = [
        b'{"cause":"start","since_ns":1789999990000000000}',
        b'{"cause":"crash","reason":"r","heard_ns":1790000001000000000}',
        b'{"cause":"disconnect","since_ns":1789999990000000000,"served":false}',
        b'{"url":"wss://h/ws"}',
        b'{"from_ns":1790000000500000000,"missing":3}',
        b'{"status":"filled","note":"/t","first":1,"last":2}',
        b'{"status":"unfillable","note":"n","from_ns":1,"to_ns":1790000009000000000}',
    ]
    single = [bytes((kind,)) + payload for kind in range(9) for payload in payloads]
    return [*single, b"\n".join(single[::5])]


def statuses() -> list[bytes]:
    process = Process(worker="ingest-binance", pid=7, boot_id="a boot", started_ns=BEGIN)
    states: tuple[WorkState, ...] = ("running", "stopped")
    found = [
        IngestStatus(
            process=process, state=state, updated_ns=BEGIN, kept_ns=BEGIN, served_ns=BEGIN,
            last_message_ns=BEGIN, queued_rows=3, rss_bytes=50_000_000,
        )
        for state in states
    ]  # fmt: skip
    return [msgspec.json.encode(each) for each in found]


def watchdog_states() -> list[bytes]:
    problem = OpenProblem(text="t", critical=True, first_ns=BEGIN, first=1.0, last=2.0, told=2.0)
    worker = WorkerState(started_ns=BEGIN, starts=(1.0, 2.0), restarts=(3.0,), deaf=True)
    return [
        msgspec.json.encode(
            State(
                boot_id=boot,
                at=900.0,
                workers={"ingest-binance": worker},
                problems={"ingest-binance/silent": problem},
            )
        )
        for boot in ("a boot", "another")
    ]


def configurations() -> list[bytes]:
    """The texts in the tests that look like YAML, and each part of the example."""
    example = (TESTS.parent / "config" / "config.examples.yaml").read_bytes()
    uncommented = b"\n".join(line[2:] if line.startswith(b"# ") else line for line in example.splitlines())
    found = [text for text in literals("unit/config/test_*.py") if b":" in text and len(text) < LARGEST_BYTES]
    basis = b"exchanges: {binance: {symbols: [BTCUSDT]}}\n"
    bombs = [
        b"a: &a [x,x]\nb: &b [*a,*a]\nexchanges: *b\n",
        b"exchanges: " + b"[" * 50,
        b"exchanges: !!python/object/apply:os.system ['true']\n",
        b'exchanges: {okx: {symbols: ["../x", "a\\0b"]}, kraken: {symbols: [BTC/USD]}}\n',
    ]
    exchanges = [b"exchanges: {%s: {symbols: [BTC-USD]}}\n" % name.encode() for name in EXCHANGES]
    return [basis, *bombs, *exchanges, *found, *uncommented.split(b"\n\n"), *example.split(b"\n\n")]


def file_names() -> list[bytes]:
    table = TableFile("trades", "2026-11-24", SEGMENT).path.as_posix()
    sealed = SEGMENT.sealed_path.as_posix()
    texts = (
        table,
        sealed,
        SEGMENT.active_name,
        table.replace("2026-11-24", "../.."),
        sealed + "\0",
        "../" + sealed,
    )
    return [text.encode() for text in texts]


def recorded_lines() -> list[bytes]:
    texts = [text for text in literals("unit/normalize/test_decode_file.py") if b"{" in text]
    whole = b"\n".join(texts)[:3000]
    packed = gzip.compress(whole[:500], mtime=0)
    return [*texts, whole, packed, packed[:-9], packed[:30] + b"\xff" + packed[31:]]
