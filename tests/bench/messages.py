"""The messages that the benchmark sends: real ones where recordings are at hand, simulated ones elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import cycle, islice

from recordings import RECORDINGS, read_recording

from daedalus.simulator import SimulatorOptions
from daedalus.simulator.exchanges import exchange_of, market_of

__all__ = ["messages", "of_many_symbols"]

ID_KEYS = {"trade": ("t",), "depth@100ms": ("U", "u"), "bookTicker": ("u",)}


def messages(count: int) -> tuple[list[bytes], str]:
    """``count`` messages whose ids have no gaps, and what they are."""
    recorded = [each for _, each in read_recording(RECORDINGS[0][1]) if each.startswith(b'{"stream"')]
    if recorded:
        return list(islice(_repeated(recorded), count)), "recorded Binance BTCUSDT"
    return list(islice(_simulated(), count)), "simulated Binance"


def of_many_symbols(payloads: list[bytes], symbols: list[str], count: int) -> list[bytes]:
    """``count`` messages, one symbol after the other; the ids of each have no gaps."""
    last: dict[tuple[str, str], int] = {}
    made = []
    for number, payload in zip(range(count), cycle(payloads)):
        each = json.loads(payload)
        kind = each["stream"].partition("@")[2]
        symbol = symbols[number % len(symbols)]
        before = last.get((kind, symbol), 10**9)
        keys = ID_KEYS[kind]
        last[kind, symbol] = before + 1
        for key in keys:
            each["data"][key] = before + 1
        each["stream"] = f"{symbol.lower()}@{kind}"
        each["data"]["s"] = symbol
        made.append(json.dumps(each, separators=(",", ":")).encode())
    return made


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
    exchange = exchange_of("binance")(market)
    streams = [f"{symbol}@{name}" for symbol in ("btcusdt", "ethusdt") for name in ID_KEYS]
    audience = {stream: {(True, False): None} for stream in streams}
    number = 10**9
    while True:
        yield from (text.encode() for _, _, text in exchange.publish(market.step(number), audience))
        number += 1
