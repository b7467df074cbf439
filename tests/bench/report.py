"""The benchmark: one command, one report, everything as ratios measured in one run.

    python report.py docs/performance.md

Absolute times belong to the machine; the ratios say what the recorder costs against a client that only
receives, and against plain compressed lines on the disk.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import websockets
from comparison import bare
from growth import RATE, Growth
from measure import FULL_SPEED, MEMORY, OURS, RATES, Measured, measure, say
from msgspec import Struct
from plots import bars
from storing import Storing

CARD_BYTES = 140e12
CARD_AMPLIFICATION = 3
YEAR_SECONDS = 365.25 * 86_400
LONG_SECONDS = 60
PI_HZ = 1.5e9
PI_INSTRUCTIONS_PER_CYCLE = 1.0
PI_COLD = 1.5
BARE = bare().name
FLAME = "performance-flame.svg"
CRYPTOFEED = "cryptofeed 2.4.1, uvloop"


class Goal(Struct, frozen=True):
    """One thing to reach: its name, what it is, and what was measured."""

    name: str
    bound: float
    value: float
    unit: str = ""
    at_least: bool = False

    @property
    def row(self) -> str:
        reached = self.value >= self.bound if self.at_least else self.value <= self.bound
        sign = "≥" if self.at_least else "≤"
        verdict = "yes" if reached else "**no**"
        return f"| {self.name} | {sign} {self.bound:g}{self.unit} | {self.value:.2f}{self.unit} | {verdict} |"


def goals(measured: Measured) -> Iterator[Goal]:
    """The goals, with what was measured."""
    paced, flood, memory = measured.receiving[2000], measured.receiving[FULL_SPEED], measured.memory
    first = measured.storing[0]
    yield Goal("CPU of ingest at full speed / bare client", 1.6, flood[OURS].cpu_us / flood[BARE].cpu_us)
    yield Goal("CPU of ingest at 2,000/s / bare client", 1.0, paced[OURS].cpu_us / paced[BARE].cpu_us)
    if CRYPTOFEED in paced:
        ratio = paced[CRYPTOFEED].cpu_us / paced[OURS].cpu_us
        yield Goal("CPU of cryptofeed at 2,000/s / ingest", 3, ratio, at_least=True)
    yield Goal("raw at rest / zstd-3 JSON lines", 0.95, first.raw_bytes / first.json_lines_bytes)
    for each in long(measured.storing):
        yield Goal(
            f"tables at rest / zstd-3 JSON lines, {each.exchange}",
            0.5,
            each.tables_bytes / each.json_lines_bytes,
        )
    yield Goal("normalizing / the rate of the recording", 20, times_faster(first), at_least=True)
    yield Goal(
        "bytes written / bytes received, raw and tables",
        0.6,
        first.written_by_ingest + first.written_by_normalize,
    )
    yield Goal("RSS of ingest at its start", 120, memory.rss_before / 1e6, " MB")
    yield Goal(f"RSS of ingest after {MEMORY:,} messages", 120, memory.rss_after / 1e6, " MB")
    yield Goal("growth of RSS from 10 % of them on", 10, (memory.rss_after - memory.rss_warm) / 1e6, " MB")


def long(storing: list[Storing]) -> list[Storing]:
    """Recordings of minutes: in those of seconds the files' footers weigh more than their content."""
    return [each for each in storing if each.seconds >= LONG_SECONDS]


def times_faster(storing: Storing) -> float:
    """How many times the rate of the recording one core normalizes."""
    return 1e6 / storing.normalize_us / (storing.messages / storing.seconds)


def render(measured: Measured) -> Iterator[str]:
    """The page, part by part."""
    versions = f"websockets {websockets.__version__}, pyarrow {pa.__version__}"
    yield f"""# Performance

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d}: {platform.machine()}, Python {platform.python_version()},
{versions}. Messages: {measured.what}, {measured.message_bytes:.0f} bytes on average.
Only ratios are comparable between machines. Load of this one at the end: {os.getloadavg()[2]:.0f} on {os.cpu_count()} cores.

## Goals

| what | goal | measured | reached |
| --- | --- | --- | --- |"""
    yield from (goal.row for goal in goals(measured))
    yield from receiving(measured)
    yield from latencies(measured)
    yield from writing(measured)
    yield from normalizing(measured)
    yield from sizes(measured)
    yield from wear(measured)
    yield from growth(measured)
    yield from estimate(measured)


def receiving(measured: Measured) -> Iterator[str]:
    columns = (*RATES, FULL_SPEED)
    heads = " | ".join(f"{rate:,}/s" if rate else "full speed" for rate in columns)
    yield f"""
## Receiving: CPU µs per message, from the socket on

![CPU per message at 2,000 messages/s](performance-receiving.svg)

Messages are sent one by one, as a recorder gets them, or as fast as the client reads ("full speed"). In brackets: ratio to the bare
client.

| client | {heads} |
| --- | {" | ".join("---" for _ in columns)} |"""
    for name in measured.receiving[2000]:
        cells = []
        for rate in columns:
            found = measured.receiving[rate].get(name)
            yardstick = measured.receiving[rate][BARE].cpu_us
            cells.append(f"{found.cpu_us:.1f} ({found.cpu_us / yardstick:.2f})" if found else "")
        yield f"| {name} | {' | '.join(cells)} |"
    yield ""
    for name, about in measured.about.items():
        yield f"- {name}: {about}."
    yield f"""- {OURS}: receives, classifies, checks the ids, compresses, writes, fsyncs, seals what is due, writes its status.

The lower of two alternating rounds. Most of the cost is waking up: see picows."""
    if measured.flame is not None:
        yield f"""
Where the time goes at full speed, by function; the storage thread is on the left:

![Flame graph of ingest]({FLAME})"""
    for line in measured.left_out:
        yield f"Left out here: {line}"


def latencies(measured: Measured) -> Iterator[str]:
    waited = measured.latency
    yield f"""
## Latency: from the exchange's send to the time stamp

At 2,000 messages/s: with nothing else running; while a segment of {waited.sealed_mb:.0f} MB is sealed in the same
process; while other processes write, normalize and upload without pause.

| | p50 | p99 | p99.9 | longest |
| --- | --- | --- | --- | --- |"""
    rows = (
        ("nothing else", waited.quiet_us),
        ("while sealing", waited.sealing_us),
        ("next to normalize and sync", waited.beside_us),
    )
    for name, values in rows:
        yield f"| {name} | " + " | ".join(f"{value:,.0f} µs" for value in values) + " |"
    memory = measured.memory
    yield f"""
## Memory

Ingest, whole process: {memory.rss_before / 1e6:.0f} MB once connected, {memory.rss_warm / 1e6:.0f} MB after {MEMORY // 10:,}
messages at full speed, {memory.rss_after / 1e6:.0f} MB after {MEMORY:,}. Normalize, whole process, over what that recorded:
{measured.normalizer_peak / 1e6:.0f} MB at its peak."""


def writing(measured: Measured) -> Iterator[str]:
    yield """
## Writing: the same rows from memory to the disk

| writer | CPU, µs per message | bytes per message at rest | memory grows by, MB per million messages | left by `kill -9` |
| --- | --- | --- | --- | --- |"""
    ours = measured.writing[0]
    for each in measured.writing:
        yield (
            f"| {each.name} | {each.cpu_us:.1f} ({each.cpu_us / ours.cpu_us:.2f}) "
            f"| {each.bytes_at_rest:.1f} ({each.bytes_at_rest / ours.bytes_at_rest:.2f}) "
            f"| {each.growth:.0f} | {each.left_by_kill:.2%} |"
        )
    yield """
In brackets: ratio to ours. Ours flushes and fsyncs as often as at 2,000 messages/s and includes the CPU for sealing; the others never fsync.
Growth is measured over the second half of the messages. A Parquet file contains nothing without its footer, which is written last."""


def normalizing(measured: Measured) -> Iterator[str]:
    yield """
## Normalizing and uploading

| exchange | rows/s on one core | µs per message | times the rate of the recording | sealing, µs per message |
| --- | --- | --- | --- | --- |"""
    for each in long(measured.storing) or measured.storing:
        rows = each.rows / each.normalize_us * 1e6
        yield f"| {each.exchange} | {rows:,.0f} | {each.normalize_us:.1f} | {times_faster(each):,.0f} | {each.seal_us:.1f} |"
    if measured.syncing is None:
        yield "\nUploading was not measured: there is no S3 server here."
        return
    syncing = measured.syncing
    yield f"""
Uploading to an S3 server on loopback: {syncing.cpu_ms:.1f} ms of CPU per MB (a plain put without checksums: {syncing.plain_cpu_ms:.1f}), {syncing.rate / syncing.plain_rate:.2f} of the
bandwidth of plain puts one after the other."""


def sizes(measured: Measured) -> Iterator[str]:
    yield """
## Size: bytes per message at rest

![Bytes per message](performance-size.svg)

| exchange | messages | as received | zstd-3 JSON lines | raw | tables | gzip CSV | tables / lines | tables / CSV |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |"""
    for each in measured.storing:
        lines, csv = each.json_lines_bytes, each.csv_bytes
        yield (
            f"| {each.exchange} | {each.messages:,} in {each.seconds:.0f} s | {each.payload_bytes:.0f} | {lines:.1f} | {each.raw_bytes:.1f} "
            f"| {each.tables_bytes:.1f} | {csv:.1f} | {each.tables_bytes / lines:.2f} | {each.tables_bytes / csv:.2f} |"
        )
    yield """
Recordings of a few seconds make files of a few kB, in which footers weigh more than rows: only recordings of minutes compare the
forms. The CSV has the columns and the µs of tardis.dev's files: no update ids, no ns.

| table | rows per message | bytes per message | as gzip CSV |
| --- | --- | --- | --- |"""
    for each in long(measured.storing) or measured.storing[:1]:
        for name, lines, size, csv in each.tables:
            yield f"| {each.exchange} `{name}` | {lines:.2f} | {size:.1f} | {csv:.1f} |"
    named = ", ".join(f"`{name}` {size:.1f}" for name, size in measured.storing[0].columns)
    yield f"""
Largest columns of the tables of {measured.storing[0].exchange}, in bytes per message: {named}. What was tried:
[how the columns are packed](decisions/table-encodings.md)."""


def wear(measured: Measured) -> Iterator[str]:
    yield """
## Wear of the card

| exchange | bytes written per byte received: ingest | normalize | together |
| --- | --- | --- | --- |"""
    for each in measured.storing[:1]:  # of the others the recordings have no snapshot to begin a book with
        both = each.written_by_ingest + each.written_by_normalize
        yield f"| {each.exchange} | {each.written_by_ingest:.2f} | {each.written_by_normalize:.2f} | {both:.2f} |"
    first = measured.storing[0]
    share = first.written_by_ingest + first.written_by_normalize
    yield f"""
From `/proc/self/io`, with the writer's clocks following the recording: active files every 5 s, sealed raw files, tables. An endurance
card of 128 GB is rated for {CARD_BYTES / 1e12:.0f} TB of writes. With a write amplification of {CARD_AMPLIFICATION} inside the card (a guess), it lasts:

| messages/s around the clock | received per day | written per day | years |
| --- | --- | --- | --- |"""
    for rate in (100, 500, 2000):
        received = rate * first.payload_bytes
        written = received * share
        years = CARD_BYTES / CARD_AMPLIFICATION / written / YEAR_SECONDS
        yield f"| {rate:,} | {received * 86_400 / 1e9:.1f} GB | {written * 86_400 / 1e9:.1f} GB | {years:.1f} |"


def growth(measured: Measured) -> Iterator[str]:
    yield f"""
## Growth: {RATE:,} messages/s in all

| | CPU µs per message | RSS | active files | fsyncs/s |
| --- | --- | --- | --- | --- |"""

    def row(name: str, each: Growth) -> str:
        return f"| {name} | {each.cpu_us:.0f} | {each.rss / 1e6:.0f} MB | {each.files} | {each.fsyncs_per_second:.1f} |"

    for each in measured.symbols:
        yield row(f"one exchange, symbols: {each.count}", each)
    for each in measured.exchanges:
        yield row(f"ten symbols, exchanges: {each.count}", each)
    yield """
Files and fsyncs depend on the channels of each exchange, not on its symbols. Every exchange has a process with its own wake-ups: the same
messages cost more over more connections."""


def estimate(measured: Measured) -> Iterator[str]:
    if measured.instructions is None:
        yield "\n## One core of a Pi 4\n\nNot estimated: there is no valgrind here."
        return
    flood, paced = measured.receiving[FULL_SPEED][OURS].cpu_us, measured.receiving[2000][OURS].cpu_us
    pi_flood = measured.instructions / (PI_HZ * PI_INSTRUCTIONS_PER_CYCLE) * 1e6
    slower = pi_flood / flood
    pi_paced = paced * slower * PI_COLD
    yield f"""
## One core of a Pi 4: an estimate

Callgrind counts {measured.instructions:,.0f} instructions per message in user space, from the bytes of the socket to the active file. An A72
at 1.5 GHz executes about one instruction of an interpreter per cycle (assumed; AArch64 needs about as many as x86-64): {pi_flood:.0f} µs
per message at full speed, {slower:.1f} times this machine's time, or **{1e6 / pi_flood:,.0f} messages/s** on one core.

One by one, at 2,000/s, a message costs {paced / flood:.1f} times as much here, because of wake-ups and cold caches. The caches of the A72 are smaller: with a
factor of {PI_COLD} for that, a message takes {pi_paced:.0f} µs, or {pi_paced * 2000 / 1e4:.0f} % of one core at 2,000/s, and **about {1e6 / pi_paced:,.0f} messages/s** until one
core is busy. That is a lower bound: at such rates several messages come with each wake-up."""


def plots(measured: Measured) -> Iterator[tuple[str, str]]:
    """(name, SVG) of each chart."""
    paced = measured.receiving[2000]
    rows = [
        (name, each.cpu_us, name == OURS)
        for name, each in sorted(paced.items(), key=lambda one: one[1].cpu_us)
    ]
    yield "performance-receiving.svg", bars("CPU per message, 2,000 messages/s one by one", "µs", rows)
    sized = []
    for each in long(measured.storing) or measured.storing[:1]:
        sized += [
            (f"{each.exchange}: JSON lines, zstd-3", each.json_lines_bytes, False),
            (f"{each.exchange}: CSV, gzip", each.csv_bytes, False),
            (f"{each.exchange}: raw", each.raw_bytes, True),
            (f"{each.exchange}: tables", each.tables_bytes, True),
        ]
    yield "performance-size.svg", bars("Bytes per message at rest", "bytes", sized)
    if measured.flame is not None:
        yield FLAME, measured.flame


def main() -> None:
    # Not in /tmp, which may be memory: what is written to the device is measured.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        measured = measure(Path(directory))
    page = Path(sys.argv[1])
    page.write_text("\n".join(render(measured)) + "\n", encoding="utf-8")
    for name, image in plots(measured):
        (page.parent / name).write_text(image, encoding="utf-8")
    say(f"written: {page}")


if __name__ == "__main__":
    main()
