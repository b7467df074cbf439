"""A simulated exchange in a thread of its own, which remembers every message that it sent, and when."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from daedalus.simulator import Faults, Sent, Simulator, SimulatorOptions, running

__all__ = ["Exchange", "an_exchange"]

NO_FAULTS = Faults()


class Exchange:
    """What a test may ask of the exchange. Everything may be called from the test's own thread."""

    def __init__(
        self, simulator: Simulator, loop: asyncio.AbstractEventLoop, clock: Callable[[], int]
    ) -> None:
        self.simulator = simulator
        self.times_ns: list[int] = []
        self.written: list[bytes] = []
        self._loop = loop
        simulator.sent = _Timed(self.times_ns, clock)

    @property
    def port(self) -> int:
        return self.simulator.port

    def sent(self) -> list[tuple[int, Sent]]:
        """Every message so far, and when it was sent (UTC ns)."""
        count = len(self.times_ns)
        return list(zip(self.times_ns[:count], self.simulator.sent[:count], strict=True))

    def do(self, action: Callable[[Any], object]) -> None:
        """Do something with each open connection, in the exchange's thread."""

        async def act() -> None:
            for client in self.simulator.clients:
                action(client.connection)

        asyncio.run_coroutine_threadsafe(act(), self._loop).result(30)

    def reset(self) -> None:
        """Cut every connection without a word, as a router that was restarted does."""
        self.do(lambda connection: connection.transport.abort())

    def write(self, data: bytes) -> None:
        """Put these bytes behind what was sent on every connection, whatever they are."""
        self.written.append(data)
        self.do(lambda connection: connection.transport.write(data))


class _Timed(list[Sent]):
    def __init__(self, times_ns: list[int], clock: Callable[[], int]) -> None:
        super().__init__()
        self._times_ns = times_ns
        self._clock = clock

    def append(self, message: Sent) -> None:
        super().append(message)
        self._times_ns.append(self._clock())


@contextmanager
def an_exchange(
    exchange: str = "binance",
    *,
    symbols: tuple[str, ...] = ("BTCUSDT", "ETHUSDT"),
    rate: float = 200.0,
    faults: Faults = NO_FAULTS,
    clock: Callable[[], int] = time.time_ns,
    prepare: Callable[[], None] = lambda: None,
) -> Iterator[Exchange]:
    """Run an exchange until the block ends. ``clock``: its UTC ns; ``prepare`` runs first, in its thread."""
    options = SimulatorOptions(exchange=exchange, symbols=symbols, rate=rate, faults=faults, keep_sent=True)
    begun, over = threading.Event(), asyncio.Event()
    made: list[Exchange] = []
    loops: list[asyncio.AbstractEventLoop] = []

    async def serve() -> None:
        async with running(options, clock=clock) as simulator:
            made.append(Exchange(simulator, loops[0], clock))
            begun.set()
            await over.wait()

    def run() -> None:
        try:
            prepare()
            with asyncio.Runner() as runner:
                loops.append(runner.get_loop())
                runner.run(serve())
        finally:
            begun.set()

    thread = threading.Thread(target=run, name="exchange")
    thread.start()
    begun.wait(60)
    assert made, "the exchange did not start"
    try:
        yield made[0]
    finally:
        loops[0].call_soon_threadsafe(over.set)
        thread.join(60)
