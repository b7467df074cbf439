"""Exchanges whose books are proven by checksums (Kraken) or by numbered frames (Coinbase), through the
recorder.

What the simulated exchange leaves out is noticed, the book is asked for anew, and missed trades are fetched.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.processes import Recorder, wait_until

from daedalus.simulator import Simulator, SimulatorOptions, running
from daedalus.simulator.options import Faults

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]

EXCHANGES = {
    "kraken": ("BTC/USD", ["trade", "book", "ticker"]),
    "coinbase": ("BTC-USD", ["market_trades", "level2", "ticker"]),
}


@asynccontextmanager
async def recorded(
    directory: Path, exchange: str, channels: list[str], faults: Faults
) -> AsyncIterator[tuple[Simulator, Recorder]]:
    symbol = EXCHANGES[exchange][0]
    options = SimulatorOptions(
        exchange=exchange, symbols=(symbol,), rate=200.0, depth=100, faults=faults, keep_sent=True
    )
    async with running(options) as simulator:
        settings = {"symbols": [symbol], "channels": channels}
        recorder = Recorder(directory, exchange, simulator.port, settings)
        recorder.settings["writer"]["flush_interval_seconds"] = 1.0
        recorder.write_config()
        recorder.start()
        yield simulator, recorder


async def until(recorder: Recorder, figure: str, least: float) -> None:
    await asyncio.to_thread(wait_until, lambda: recorder.figure(figure) >= least, 60.0, f"{figure} {least}")


async def finished(recorder: Recorder) -> None:
    await asyncio.to_thread(recorder.stop)
    done = await asyncio.to_thread(recorder.run, "normalize", "--once")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_trades_that_the_stream_left_out_are_fetched_by_time(tmp_path: Path, exchange: str) -> None:
    async with recorded(tmp_path, exchange, EXCHANGES[exchange][1], Faults(skip_every=40)) as (_, recorder):
        await until(recorder, "filled_gaps", 3)
        await finished(recorder)
    ledger = recorder.ledger()
    assert {gap["channel"] for gap in ledger} == {EXCHANGES[exchange][1][0]}
    settled = [gap for gap in ledger if gap["status"] != "open"]
    assert {gap["status"] for gap in settled} == {"filled"}
    trades = recorder.table("trades")
    assert any(row["source"] == "backfill" for row in trades)
    ids = [int(row["id"]) for row in trades]
    assert len(ids) == len(set(ids))
    left = {
        number
        for gap in ledger
        if gap["status"] == "open"
        for number in range(gap["from_id"] + 1, gap["to_id"])
    }
    assert set(range(min(ids), max(ids) + 1)) - set(ids) == left


@pytest.mark.parametrize("exchange", EXCHANGES)
async def test_a_lost_message_of_a_book_is_noticed_and_the_book_asked_for_anew(
    tmp_path: Path, exchange: str
) -> None:
    book = EXCHANGES[exchange][1][1]
    async with recorded(tmp_path, exchange, [book], Faults(lose_every=60)) as (simulator, recorder):
        await asyncio.to_thread(
            wait_until, lambda: any(each.stream.startswith(book) for each in simulator.lost), 60.0, "a loss"
        )
        if exchange == "coinbase":  # a new connection brings the new book, and then counts
            await asyncio.to_thread(
                wait_until,
                lambda: simulator.connections > 1 and len(simulator.clients) == 1,
                60.0,
                "the connection to be replaced",
            )
        await asyncio.sleep(1)
        await finished(recorder)
    gaps = recorder.ledger()
    snapshots = sorted(
        {row["local_timestamp"] for row in recorder.table("book_updates") if row["is_snapshot"]}
    )
    assert {(gap["channel"], gap["cause"]) for gap in gaps} == {(book, "exchange")}
    assert len(snapshots) >= 2
    assert any(gap["from_timestamp"] < snapshots[1] for gap in gaps)
