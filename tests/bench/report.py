"""The benchmark: one command, one report, everything as ratios measured in one run.

    python report.py docs/performance.md

Absolute times belong to the machine; the ratios say what the recorder costs against a client that only
receives, and against plain compressed lines on the disk.
"""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import websockets
from latency import Latency, latency_while_sealing
from messages import RECORDING, messages, recorded
from msgspec import Struct
from receiving import Receiving, bare, ingest
from storing import Storing, store

FLOOD = 400_000
PACED = 20_000
RATE = 2000
MEMORY = 2_000_000


class Goal(Struct, frozen=True):
    """One thing to reach: its name, what it is, and what was measured."""

    name: str
    bound: float
    value: float
    unit: str = ""

    @property
    def row(self) -> str:
        verdict = "yes" if self.value <= self.bound else "**no**"
        return f"| {self.name} | ≤ {self.bound:g}{self.unit} | {self.value:.2f}{self.unit} | {verdict} |"


class Measured(Struct, frozen=True):
    """All that one run measured."""

    what: str
    flood: tuple[Receiving, Receiving]
    paced: tuple[Receiving, Receiving]
    memory: Receiving
    storing: Storing
    latency: Latency


def measure(directory: Path) -> Measured:
    """Run everything, saying on stderr what it is at."""
    payloads, what = messages(FLOOD)
    file = directory / "messages"
    file.write_bytes(b"\n".join(payloads))
    say(f"messages: {what}, {sum(map(len, payloads)) / len(payloads):.0f} bytes on average")
    say(f"receiving {FLOOD:,} messages at full speed")
    flood = (bare(file, 0, FLOOD), ingest(file, 0, FLOOD, directory / "flood"))
    say(f"receiving {PACED:,} messages at {RATE:,}/s, one by one")
    paced = (bare(file, RATE, PACED), ingest(file, RATE, PACED, directory / "paced"))
    say(f"memory over {MEMORY:,} messages")
    memory = ingest(file, 0, MEMORY, directory / "memory")
    say("storing, sealing, normalizing")
    stamped = (
        recorded() if RECORDING.exists() else [(10**18 + i * 500_000, p) for i, p in enumerate(payloads)]
    )
    storing = store(stamped, directory / "storing")
    say("latency while a segment of 100 MB is sealed beside")
    latency = latency_while_sealing(file, payloads, directory / "latency")
    return Measured(what, flood, paced, memory, storing, latency)


def goals(measured: Measured) -> list[Goal]:
    """The goals, with what was measured."""
    bare_flood, ingest_flood = measured.flood
    bare_paced, ingest_paced = measured.paced
    storing, memory = measured.storing, measured.memory
    lines = storing.json_lines_bytes
    return [
        Goal("CPU of ingest at full speed / bare client", 1.6, ingest_flood.cpu_us / bare_flood.cpu_us),
        Goal(f"CPU of ingest at {RATE:,}/s / bare client", 1.0, ingest_paced.cpu_us / bare_paced.cpu_us),
        Goal("raw at rest / zstd-3 JSON lines", 0.95, storing.raw_bytes / lines),
        Goal("tables at rest / zstd-3 JSON lines", 0.5, storing.tables_bytes / lines),
        Goal("RSS of ingest at its start", 120, memory.rss_before / 1e6, " MB"),
        Goal(f"RSS of ingest after {MEMORY:,} messages", 120, memory.rss_after / 1e6, " MB"),
        Goal("growth of RSS from 10 % of them on", 10, (memory.rss_after - memory.rss_warm) / 1e6, " MB"),
    ]


def render(measured: Measured) -> Iterator[str]:
    """The page, part by part."""
    versions = f"websockets {websockets.__version__}, pyarrow {pa.__version__}"
    yield f"""# Performance

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, Python {platform.python_version()},
{versions}. Messages: {measured.what}, {measured.storing.payload_bytes:.0f} bytes on average.
Only the ratios travel to other machines.

## Goals

| what | goal | measured | reached |
| --- | --- | --- | --- |"""
    yield from (goal.row for goal in goals(measured))
    yield """
## Receiving: CPU per message, from the socket to the fsynced file

| | bare client, asyncio's loop | whole ingest | ratio |
| --- | --- | --- | --- |"""
    yield receiving_row("full speed", *measured.flood)
    yield receiving_row(f"{RATE:,}/s, one by one", *measured.paced)
    yield """
The bare client is `websockets`' own, awaiting `recv(decode=False)` and doing nothing else. Ingest is the whole
process: receive, classify, check the ids, compress, write, fsync, seal what is due, write its status.

## Storing: per message

| step | CPU | bytes at rest | of zstd-3 JSON lines |
| --- | --- | --- | --- |"""
    yield from storing_rows(measured.storing)
    named = ", ".join(f"`{name}` {size:.1f}" for name, size in measured.storing.columns)
    yield f"""
What the tables are made of, in bytes per message: {named}. Prices and amounts as float64 and the nanoseconds of two time
stamps are nearly all of it. Their low bits are noise that no encoding packs: dictionaries, byte streams split, zstd up to
level 19 were tried and gain 10 % at most. Scaled integers would be smaller, and every reader would have to know the scale."""
    latency = measured.latency
    yield f"""
## Latency: from the venue's send to the time stamp

{RATE:,} messages/s; the second row while a segment of {latency.sealed_mb:.0f} MB is sealed in the same process.

| | p50 | p99 | p99.9 | longest |
| --- | --- | --- | --- | --- |"""
    for name, values in (("nothing beside", latency.quiet_us), ("while sealing", latency.sealing_us)):
        yield f"| {name} | " + " | ".join(f"{value:,.0f} µs" for value in values) + " |"
    memory = measured.memory
    yield f"""
## Memory

Ingest, whole process: {memory.rss_before / 1e6:.0f} MB once connected, {memory.rss_warm / 1e6:.0f} MB after {MEMORY // 10:,}
messages at full speed, {memory.rss_after / 1e6:.0f} MB after {MEMORY:,}."""


def receiving_row(name: str, client: Receiving, worker: Receiving) -> str:
    ratio = worker.cpu_us / client.cpu_us
    return f"| {name} | {client.cpu_us:.1f} µs | {worker.cpu_us:.1f} µs | {ratio:.2f} |"


def storing_rows(storing: Storing) -> Iterator[str]:
    lines = storing.json_lines_bytes

    def row(step: str, cpu_us: float | None, size: float | None) -> str:
        cpu = "" if cpu_us is None else f"{cpu_us:.1f} µs"
        rest = "" if size is None else f"{size:.1f}"
        share = "" if size is None else f"{size / lines:.2f}"
        return f"| {step} | {cpu} | {rest} | {share} |"

    yield row("as it came", None, storing.payload_bytes)
    yield row("zstd-3 JSON lines", None, lines)
    yield row("classify, write to the active file", storing.write_us, None)
    yield row("seal: raw Parquet", storing.seal_us, storing.raw_bytes)
    yield row("normalize: tables", storing.normalize_us, storing.tables_bytes)


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        measured = measure(Path(directory))
    page = "\n".join(render(measured)) + "\n"
    Path(sys.argv[1]).write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
