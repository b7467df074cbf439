"""All that the benchmark measures, one thing after the other."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from comparison import bare, clients
from flame import flame
from growth import Growth, of_exchanges, of_symbols
from instructions import instructions
from latency import Latency, latency
from messages import messages
from msgspec import Struct
from receiving import Receiving, ingest
from recordings import RECORDINGS, read_recording
from storing import Storing, peak_of_normalize, store
from syncing import Syncing, sync
from writing import Writing, writers

__all__ = ["FULL_SPEED", "MEMORY", "OURS", "RATES", "Measured", "measure", "say"]

FULL_SPEED = 0
FLOOD = 200_000
RATES = (500, 2000, 5000)
SECONDS = 8
ROUNDS = 2
MEMORY = 2_000_000
OURS = "Daedalus, whole ingest"


class Measured(Struct, frozen=True):
    """All that one run measured. ``receiving``: by messages per second (0: full speed), then by client."""

    what: str
    message_bytes: float
    receiving: dict[int, dict[str, Receiving]]
    about: dict[str, str]
    memory: Receiving
    normalizer_peak: int
    writing: list[Writing]
    storing: list[Storing]
    latency: Latency
    syncing: Syncing | None
    symbols: list[Growth]
    exchanges: list[Growth]
    instructions: float | None
    flame: str | None
    left_out: list[str]


def measure(directory: Path) -> Measured:
    """Run everything, saying on stderr what it is at."""
    payloads, what = messages(FLOOD)
    file = directory / "messages"
    file.write_bytes(b"\n".join(payloads))
    left_out: list[str] = []
    others = [bare(), *clients(left_out.append)]
    receiving = {}
    for rate in (*RATES, FULL_SPEED):
        count = rate * SECONDS or FLOOD
        say(f"receiving {count:,} messages at {f'{rate:,}/s' if rate else 'full speed'}")
        runs: list[tuple[str, Callable[[Path, float, int], Receiving]]] = [
            (each.name, each.run) for each in others
        ]
        runs.append((OURS, _ingest(directory)))
        receiving[rate] = {
            name: _lowest(found) for name, found in _rounds(runs, file, rate, count, left_out).items()
        }
    say(f"memory over {MEMORY:,} messages")
    memory = ingest(file, 0, MEMORY, directory / "memory")
    normalizer_peak = peak_of_normalize(directory / "memory")
    say("writing, and a kill in the middle of it")
    wrote = writers(file, directory / "writing")
    say("storing, sealing, normalizing: each exchange's recording")
    storing = _stored(payloads, directory)
    say("latency alone, while sealing, with normalize and sync beside")
    waited = latency(file, payloads, directory / "latency")
    say("uploading")
    syncing = sync(directory / "sync")
    say("growth: symbols, exchanges")
    symbols, exchanges = of_symbols(payloads[:5000], directory), of_exchanges(payloads[:5000], directory)
    say("where the time goes")
    image = flame(file, MEMORY, directory / "flame", left_out.append)
    say("instructions per message")
    return Measured(
        what=what,
        message_bytes=sum(map(len, payloads)) / len(payloads),
        receiving=receiving,
        about={each.name: each.about for each in others},
        memory=memory,
        normalizer_peak=normalizer_peak,
        writing=wrote,
        storing=storing,
        latency=waited,
        syncing=syncing,
        symbols=symbols,
        exchanges=exchanges,
        instructions=instructions(),
        flame=image,
        left_out=left_out,
    )


def say(text: str) -> None:
    """Tell whoever waits."""
    print(text, file=sys.stderr, flush=True)


def _ingest(directory: Path) -> Callable[[Path, float, int], Receiving]:
    turns = iter(range(1000))
    return lambda file, rate, count: ingest(file, rate, count, directory / f"{rate:g}-{next(turns)}")


def _rounds(
    runs: Sequence[tuple[str, Callable[[Path, float, int], Receiving]]],
    file: Path,
    rate: int,
    count: int,
    left_out: list[str],
) -> dict[str, list[Receiving]]:
    """Each client in turn, then all again: what else the machine does falls on all of them."""
    found: dict[str, list[Receiving]] = {}
    for _ in range(ROUNDS):
        for name, run in runs:
            try:
                found.setdefault(name, []).append(run(file, rate, count))
            except (AssertionError, IndexError, ValueError) as error:
                if name in (OURS, bare().name):
                    raise
                left_out.append(f"{name} at {rate}/s did not come to its end: {error!r}")
    return {name: results for name, results in found.items() if results}


def _lowest(results: list[Receiving]) -> Receiving:
    """Other load only ever adds."""
    return min(results, key=lambda each: each.cpu_us)


def _stored(payloads: list[bytes], directory: Path) -> list[Storing]:
    found = [(exchange, read_recording(name)) for exchange, name in RECORDINGS]
    recordings = [(exchange, stamped) for exchange, stamped in found if stamped]
    if not recordings:
        recordings = [
            ("binance", [(10**18 + at * 2_500_000, each) for at, each in enumerate(payloads[:50_000])])
        ]
    return [store(exchange, stamped, directory / f"stored-{exchange}") for exchange, stamped in recordings]
