"""What ingest needs as symbols and exchanges become more, at the same messages per second in all."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

from messages import of_many_symbols
from msgspec import Struct, structs
from receiving import HERE, SETTLE_SECONDS, Exchange, await_messages, cpu_seconds, recorder

__all__ = ["Growth", "of_exchanges", "of_symbols"]

RATE = 2000
SECONDS = 5
SYMBOLS = (1, 10, 100, 500)
EXCHANGES = (1, 2, 5, 10)


class Growth(Struct, frozen=True):
    """All processes together. ``files``: active files that were open at once."""

    count: int
    cpu_us: float
    rss: int
    files: int
    fsyncs_per_second: float


def of_symbols(payloads: list[bytes], directory: Path) -> list[Growth]:
    """One exchange with more and more symbols."""
    return [_measure(payloads, directory / f"s{count}", symbols=count, exchanges=1) for count in SYMBOLS]


def of_exchanges(payloads: list[bytes], directory: Path) -> list[Growth]:
    """More and more exchanges, each a process of its own."""
    found = [_measure(payloads, directory / f"v{count}", symbols=10, exchanges=count) for count in EXCHANGES]
    return [structs.replace(each, count=count) for each, count in zip(found, EXCHANGES, strict=True)]


def _measure(payloads: list[bytes], directory: Path, *, symbols: int, exchanges: int) -> Growth:
    names = [f"S{number:03}USDT" for number in range(symbols)]
    directory.mkdir(parents=True)
    file, count = directory / "messages", RATE * SECONDS // exchanges
    file.write_bytes(b"\n".join(of_many_symbols(payloads, names, count)))
    folders = [directory / str(number) for number in range(exchanges)]
    with ExitStack() as stack:
        sources, workers = [], []
        for folder in folders:
            exchange = Exchange(file, RATE / exchanges, count)
            stack.callback(exchange.end)
            sources.append(exchange)
            program = (str(HERE / "counted.py"), str(folder / "fsyncs"))
            workers.append(stack.enter_context(recorder(folder, exchange.url, names, program)))
        for exchange in sources:
            exchange.await_subscription()
        time.sleep(2)
        before, begun = sum(map(cpu_seconds, workers)), time.monotonic()
        for exchange in sources:
            exchange.go()
        for folder in folders:
            await_messages(folder, count)
        files = sum(len(list((folder / "raw" / "active").glob("*.arrow*"))) for folder in folders)
        time.sleep(SETTLE_SECONDS)
        seconds = time.monotonic() - begun
        used = sum(map(cpu_seconds, workers)) - before
        rss = sum(worker.memory_info().rss for worker in workers)
        fsyncs = sum(int((folder / "fsyncs").read_text()) for folder in folders)
    return Growth(symbols, used / (count * exchanges) * 1e6, rss, files, fsyncs / seconds)
