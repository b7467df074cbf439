"""kill -9 at random moments: what was flushed is there, nothing is there twice, and each hole has its row."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from processes import Recorder, simulated, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROUNDS = 20
FLUSH_SECONDS = 1.0
CHANNELS = ["trade", "aggTrade", "depth", "bookTicker"]
TABLES = {"trade": "trades", "aggTrade": "agg_trades"}


def test_twenty_kills_lose_at_most_one_flush_interval_and_the_ledger_names_each_hole(tmp_path: Path) -> None:
    rounds = random.Random(20)
    with simulated("binance", "--rate", "1500", "--symbols", "BTCUSDT,ETHUSDT") as port:
        settings: dict[str, Any] = {"symbols": ["BTCUSDT", "ETHUSDT"], "channels": CHANNELS}
        recorder = Recorder(tmp_path, "binance", port, settings)
        recorder.settings["writer"] = {
            "min_free_mb": 0,
            "flush_interval_seconds": FLUSH_SECONDS,
            "segment_max_mb": 1,
        }
        recorder.write_config()
        killed_at = []
        for _ in range(ROUNDS):
            began = time.time_ns()
            recorder.start()
            wait_until(lambda began=began: recorder.figure("last_message_ns") > began, 30, "messages")
            time.sleep(rounds.uniform(0, 2.5))
            killed_at.append(time.time_ns())
            recorder.kill()
        began = time.time_ns()
        recorder.start()
        wait_until(lambda: recorder.figure("last_message_ns") > began, 30, "messages")
        recorder.stop()
    raw = recorder.raw()
    assert recorder.run("normalize", "--once").returncode == 0

    numbers = Counter((row["conn"], row["seq"]) for row in raw)
    assert max(numbers.values()) == 1
    assert len({row["conn"] for row in raw}) == ROUNDS + 1

    # Of each killed connection, everything is there that came a flush interval before its end.
    last = defaultdict(int)
    for row in raw:
        last[row["conn"]] = max(last[row["conn"]], int(row["recv_ns"]))
    for conn, killed in zip(sorted(last), killed_at, strict=False):
        early = [
            row["seq"]
            for row in raw
            if row["conn"] == conn and row["recv_ns"] < killed - 1.5 * FLUSH_SECONDS * 1e9
        ]
        assert early == list(range(len(early)))

    ledger = recorder.table("gaps")
    assert {hole["cause"] for hole in ledger} == {"crash"}
    for channel, table in TABLES.items():
        for symbol in ("BTCUSDT", "ETHUSDT"):
            ids = [int(row["id"]) for row in recorder.table(table) if row["symbol"] == symbol]
            assert len(ids) == len(set(ids)), "a trade is there twice"
            absent = set(range(min(ids), max(ids) + 1)) - set(ids)
            named: set[int] = set()
            for hole in ledger:
                if (hole["channel"], hole["symbol"]) == (channel, symbol):
                    between = set(range(int(hole["from_id"]) + 1, int(hole["to_id"])))
                    assert hole["missing"] == len(between)
                    assert not named & between
                    named |= between
            assert named == absent, f"the ledger of {channel} {symbol} is not what is missing"
    for channel in ("depth", "bookTicker"):
        holes = [hole for hole in ledger if hole["channel"] == channel and hole["symbol"] == "BTCUSDT"]
        assert len(holes) == ROUNDS
        # From the last that is known to be recorded to the first after it.
        assert all(int(hole["to_timestamp"]) - int(hole["from_timestamp"]) < 10e9 for hole in holes)
