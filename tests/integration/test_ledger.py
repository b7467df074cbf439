"""What the exchange left out is what the ledger says; what can be fetched is fetched; two connections miss
none.

The simulator runs in this process, so that its own account of what it sent is at hand; the recorder runs in
processes of its own.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.processes import Recorder, wait_until

from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.options import Faults

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

NONE = Faults()


class Recording:
    """A simulated exchange and a recorder of it."""

    def __init__(self, simulator: Simulator, recorder: Recorder) -> None:
        self.simulator = simulator
        self.recorder = recorder

    async def until(self, figure: str, least: float, seconds: float = 60.0) -> None:
        await asyncio.to_thread(
            wait_until, lambda: self.recorder.figure(figure) >= least, seconds, f"{figure} to be {least}"
        )

    async def stop(self) -> None:
        await asyncio.to_thread(self.recorder.stop)

    async def normalize(self) -> None:
        done = await asyncio.to_thread(self.recorder.run, "normalize", "--once")
        assert done.returncode == 0, done.stderr


@asynccontextmanager
async def recording(
    directory: Path,
    exchange: str,
    settings: dict[str, Any],
    *,
    rate: float = 200.0,
    faults: Faults = NONE,
) -> AsyncIterator[Recording]:
    symbols = tuple(settings["symbols"])
    options = SimulatorOptions(exchange=exchange, symbols=symbols, rate=rate, faults=faults, keep_sent=True)
    async with running(options) as simulator:
        recorder = Recorder(directory, exchange, simulator.port, settings)
        recorder.settings["writer"]["flush_interval_seconds"] = 1.0
        recorder.write_config()
        try:
            yield Recording(simulator, recorder)
        finally:
            if recorder.running:
                recorder.kill()


def gaps_in(ids: list[int]) -> set[int]:
    return set(range(min(ids), max(ids) + 1)) - set(ids)


async def test_trades_that_the_stream_left_out_are_fetched_and_the_ledger_says_by_what(
    tmp_path: Path,
) -> None:
    settings = {"symbols": ["BTCUSDT"], "channels": ["trade", "aggTrade"]}
    async with recording(tmp_path, "binance", settings, faults=Faults(skip_every=7)) as it:
        it.recorder.start()
        await it.until("gaps", 3)
        await it.until("filled_gaps", 12)  # of both channels
        await it.stop()
        await it.normalize()
    settled = [gap for gap in it.recorder.ledger() if gap["status"] != "open"]
    assert {gap["status"] for gap in settled} == {"filled"}
    assert all("fromId" in gap["note"] and gap["remaining"] == 0 for gap in settled)
    left = {
        (gap["channel"], number)
        for gap in it.recorder.ledger()
        if gap["status"] == "open"
        for number in range(gap["from_id"] + 1, gap["to_id"])
    }
    for channel, table in (("trade", "trades"), ("aggTrade", "agg_trades")):
        rows = it.recorder.table(table)
        absent = gaps_in([int(row["id"]) for row in rows])
        assert {number for name, number in left if name == channel} == absent
        assert any(row["source"] == "backfill" for row in rows)


async def test_trades_of_an_outage_are_fetched_after_the_next_start(tmp_path: Path) -> None:
    settings = {"symbols": ["BTCUSDT"], "channels": ["trade"]}
    async with recording(tmp_path, "binance", settings) as it:
        it.recorder.start()
        await it.until("messages", 20)
        await it.stop()
        await asyncio.sleep(3)
        it.recorder.start()
        await it.until("filled_gaps", 1)
        await it.stop()
        await it.normalize()
    assert gaps_in([int(row["id"]) for row in it.recorder.table("trades")]) == set()
    (gap,) = it.recorder.ledger()
    assert (gap["cause"], gap["status"], gap["remaining"]) == ("restart", "filled", 0)
    assert gap["missing"] > 0


async def test_what_was_lost_with_a_kill_is_fetched_again(tmp_path: Path) -> None:
    settings = {"symbols": ["BTCUSDT"], "channels": ["trade"]}
    async with recording(tmp_path, "binance", settings) as it:
        it.recorder.start()
        await it.until("active_segments", 1)
        await it.until("messages", 50)
        await asyncio.to_thread(it.recorder.kill)
        it.recorder.start()
        await it.until("filled_gaps", 1)
        await it.stop()
        await it.normalize()
    assert gaps_in([int(row["id"]) for row in it.recorder.table("trades")]) == set()
    assert {(gap["cause"], gap["status"]) for gap in it.recorder.ledger()} == {("crash", "filled")}


async def test_two_connections_of_which_either_is_cut_again_and_again_miss_nothing(tmp_path: Path) -> None:
    settings = {"symbols": ["BTCUSDT"], "channels": ["trade", "depth", "bookTicker"], "connections": 2}
    moments = random.Random(4)
    async with recording(tmp_path, "binance", settings) as it:
        it.recorder.start()
        await it.until("connected", 2)
        for kill in range(8):
            await asyncio.sleep(moments.uniform(0.3, 1.5))
            await asyncio.to_thread(
                wait_until, lambda: it.recorder.figure("connected") == 2, 60, "both connections"
            )
            moments.choice(it.simulator.clients).connection.transport.abort()
            await it.until("reconnects", kill + 1)
        await asyncio.to_thread(
            wait_until, lambda: it.recorder.figure("connected") == 2, 60, "both connections"
        )
        await it.stop()
        await it.normalize()
    assert it.recorder.ledger() == []
    ids = [int(row["id"]) for row in it.recorder.table("trades")]
    assert gaps_in(ids) == set()
    assert len(ids) == len(set(ids))
    quotes = [(row["last_id"], row["bid_price"]) for row in it.recorder.table("quotes")]
    assert len(quotes) == len(set(quotes))


async def test_connections_that_the_exchange_asks_to_be_replaced_lose_nothing(tmp_path: Path) -> None:
    """Each has lived for longer than `Backoff` asks of one that held, so each is replaced at once."""
    settings = {"symbols": ["BTCUSDT"], "channels": ["trade", "depth"]}
    faults = Faults(farewell_after=31.0, farewell_seconds=8.0)
    async with recording(tmp_path, "binance", settings, faults=faults) as it:
        it.recorder.start()
        ends_at = time.monotonic() + 250
        while it.simulator.connections < 5 and time.monotonic() < ends_at:
            await asyncio.sleep(0.2)
        assert it.simulator.connections >= 5
        await it.stop()
        await it.normalize()
    assert it.recorder.ledger() == []
    assert gaps_in([int(row["id"]) for row in it.recorder.table("trades")]) == set()
