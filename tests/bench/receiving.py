"""CPU per message from the socket to the fsynced active file, as a ratio to a client that does nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from array import array
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
import pyarrow.parquet as pq
import yaml
from msgspec import Struct

HERE = Path(__file__).parent
MODULE = ("-m", "daedalus")
SETTLE_SECONDS = 5.5
"""Longer than a flush interval: by then everything is written and fsynced."""


class Receiving(Struct, frozen=True):
    """One run. ``cpu_us`` per message; RSS in bytes before the flow, after a tenth, at its end."""

    cpu_us: float
    rss_before: int = 0
    rss_warm: int = 0
    rss_after: int = 0


class Exchange:
    """The benchmark's exchange process, which waits with the messages until told to go."""

    def __init__(self, messages: Path, rate: float, count: int) -> None:
        arguments = [sys.executable, str(HERE / "exchange.py"), str(messages), str(rate), str(count)]
        self._process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"ws://127.0.0.1:{self._line()}"

    def await_subscription(self) -> None:
        assert self._line() == "subscribed"

    def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def await_sent(self) -> None:
        assert self._line() == "sent"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def end(self) -> None:
        self._process.kill()
        self._process.wait()


def ingest(messages: Path, rate: float, count: int, directory: Path) -> Receiving:
    """The whole ingest worker, as its user runs it."""
    with started(messages, rate, count, directory) as (exchange, worker):
        begun, rss_before = worker.cpu_times(), worker.memory_info().rss
        exchange.go()
        await_messages(directory, count // 10)
        rss_warm = worker.memory_info().rss
        await_messages(directory, count)
        time.sleep(SETTLE_SECONDS)
        ended = worker.cpu_times()
        used = ended.user - begun.user + ended.system - begun.system
        return Receiving(used / count * 1e6, rss_before, rss_warm, worker.memory_info().rss)


def latencies(
    messages: Path, rate: float, count: int, directory: Path, beside: list[str] | None = None
) -> list[int]:
    """ns from each send to the message's recv_ns, in the order of sending, while ``beside`` runs too."""
    other = subprocess.Popen(beside) if beside else None
    try:
        with started(messages, rate, count, directory) as (exchange, _):
            exchange.go()
            exchange.await_sent()
            await_messages(directory, count)
    finally:
        if other:
            other.kill()
            other.wait()
    sent = array("q")
    sent.frombytes(messages.with_suffix(".sent").read_bytes())
    return [received - at for received, at in zip(received_ns(directory, count), sent, strict=True)]


def received_ns(directory: Path, count: int) -> list[int]:
    """recv_ns of the last ``count`` messages of market data, in the order of their arrival."""
    rows: list[tuple[int, int]] = []
    for path in (directory / "raw" / "ready").rglob("*.parquet"):
        if "channel=_" not in str(path):
            table = pq.read_table(path, columns=["conn", "seq", "recv_ns", "kind"], partitioning=None)
            columns = (table[name].to_pylist() for name in table.column_names)
            rows += [
                (seq, at)
                for conn, seq, at, kind in zip(*columns, strict=True)
                if kind == "message" and conn != "left"
            ]
    return [at for _, at in sorted(rows)][-count:]


@contextmanager
def recorder(
    directory: Path,
    url: str,
    symbols: Sequence[str] = ("BTCUSDT", "ETHUSDT"),
    program: Sequence[str] = MODULE,
) -> Iterator[psutil.Process]:
    """An ingest worker on ``directory`` that records ``symbols`` of the exchange at ``url``."""
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "config.yaml"
    settings = {
        "data_dir": str(directory),
        "exchanges": {
            "binance": {
                "symbols": list(symbols),
                "channels": ["trade", "depth", "bookTicker"],
                "websocket_url": url,
                "rest_url": url.replace("ws://", "http://"),
            }
        },
        "writer": {"min_free_mb": 0},
        "log": {"level": "error"},
    }
    config.write_text(yaml.safe_dump(settings))
    arguments = [sys.executable, *program, "ingest", "binance", "--config", str(config)]
    process = subprocess.Popen(arguments)
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


@contextmanager
def started(
    messages: Path, rate: float, count: int, directory: Path
) -> Iterator[tuple[Exchange, psutil.Process]]:
    """An exchange that waits to be told to go, and a recorder that is connected to it."""
    exchange = Exchange(messages, rate, count)
    with recorder(directory, exchange.url) as worker:
        try:
            exchange.await_subscription()
            time.sleep(1.5)  # the books it asks for now are refused, and its start is over
            yield exchange, worker
        finally:
            exchange.end()


def cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def await_messages(directory: Path, count: int) -> None:
    """Wait until the worker says that it has received so many messages; a lost connection ends it all."""
    status = directory / "status" / "ingest-binance.json"
    while True:
        time.sleep(0.5)
        figures = json.loads(status.read_bytes()) if status.exists() else {"messages": 0}
        if figures["messages"] >= count:
            return
        assert not figures.get("reconnects"), "the benchmark's connection was lost: its numbers mean nothing"
