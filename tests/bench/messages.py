"""The messages that the benchmark sends: real ones where recordings are at hand, simulated ones elsewhere."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from daedalus.simulator import SimulatorOptions
from daedalus.simulator.venues import market_of, venue_of

__all__ = ["RECORDING", "messages", "recorded"]

RECORDING = Path(__file__).resolve().parents[3] / "shared" / "recordings" / "BINANCE-spot-btcusdt.gz"
"""345 s of Binance spot BTCUSDT in August 2024: trade, depth@100ms, bookTicker."""

ID_KEYS = {"trade": ("t",), "depth@100ms": ("U", "u"), "bookTicker": ("u",)}


def messages(count: int) -> tuple[list[bytes], str]:
    """``count`` messages whose ids have no holes, and what they are."""
    if RECORDING.exists():
        return list(
            islice(_repeated([payload for _, payload in recorded()]), count)
        ), "recorded Binance BTCUSDT"
    return list(islice(_simulated(), count)), "simulated Binance"


def recorded() -> list[tuple[int, bytes]]:
    """The recording: receive time (UTC ns) and message."""
    lines = gzip.decompress(RECORDING.read_bytes()).splitlines()
    pairs = ((int(stamp), payload) for stamp, _, payload in (line.partition(b" ") for line in lines))
    # Its one REST answer is left out: the bench sends what comes over a websocket.
    return [(stamp, payload) for stamp, payload in pairs if payload.startswith(b'{"stream"')]


def _repeated(payloads: list[bytes]) -> Iterator[bytes]:
    """The recording over and over, its ids raised each time so that the chain goes on."""
    parsed = [json.loads(payload) for payload in payloads]
    spans: dict[str, tuple[int, int]] = {}
    for each in parsed:
        kind = each["stream"].partition("@")[2]
        first, last = each["data"][ID_KEYS[kind][0]], each["data"][ID_KEYS[kind][-1]]
        low, high = spans.get(kind, (first, last))
        spans[kind] = (min(low, first), max(high, last))
    turn = 0
    while True:
        for payload, each in zip(payloads, parsed, strict=True):
            kind = each["stream"].partition("@")[2]
            low, high = spans[kind]
            raised = payload
            for key in ID_KEYS[kind]:
                number = each["data"][key]
                old, new = f'"{key}":{number}', f'"{key}":{number + turn * (high - low + 1)}'
                raised = raised.replace(old.encode(), new.encode(), 1)
            yield raised
        turn += 1


def _simulated() -> Iterator[bytes]:
    options = SimulatorOptions(exchange="binance", symbols=("BTCUSDT", "ETHUSDT"), rate=200)
    market = market_of(options)
    venue = venue_of("binance")(market)
    streams = [f"{symbol}@{name}" for symbol in ("btcusdt", "ethusdt") for name in ID_KEYS]
    audience = {stream: {(True, False): None} for stream in streams}
    number = 10**9
    while True:
        yield from (text.encode() for _, _, text in venue.publish(market.step(number), audience))
        number += 1
