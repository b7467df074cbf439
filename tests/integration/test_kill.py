"""kill -9 at random moments: what was flushed is there, nothing is there twice, and each gap has its row."""

from __future__ import annotations

import json
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
from support.processes import Recorder, simulated, wait_until

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

ROUNDS = 20
FLUSH_SECONDS = 1.0
CHANNELS = ["trade", "aggTrade", "depth", "bookTicker"]
MARGIN_NS = 100e6  # between the stamp of a message and its place in the queue
TABLES = {"trade": "trades", "aggTrade": "agg_trades"}


def same(one_ns: float, other_ns: float) -> bool:
    """Whether two times are the same, as far as a status file's numbers can tell."""
    return abs(one_ns - other_ns) < 1000


def test_twenty_kills_lose_at_most_one_flush_interval_and_the_ledger_names_each_gap(tmp_path: Path) -> None:
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
        promises = []  # a message that was seen, and until when, by the recorder's word, all was on disk
        for _ in range(ROUNDS):
            began = time.time_ns()
            recorder.start()
            wait_until(lambda began=began: recorder.figure("last_message_ns") > began, 60, "messages")
            seen_ns = recorder.figure("last_message_ns")
            time.sleep(rounds.uniform(0, 2.5))
            promises.append((seen_ns, recorder.figure("durable_ns") - MARGIN_NS))
            recorder.kill()
        began = time.time_ns()
        recorder.start()
        wait_until(lambda: recorder.figure("last_message_ns") > began, 60, "messages")
        recorder.stop()
    raw = recorder.raw()
    assert recorder.run("normalize", "--once").returncode == 0

    numbers = Counter((row["conn"], row["seq"]) for row in raw)
    assert max(numbers.values()) == 1

    # Of each connection everything is there that was said to be on disk, from its first row on. One that was
    # killed before its first flush may leave none.
    rows_of: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in raw:
        if not row["conn"].endswith("-rest"):  # what was fetched belongs to no connection
            rows_of[row["conn"]].append(row)
    assert ROUNDS // 2 < len(rows_of) <= ROUNDS + 1
    kept = [(seen_ns, durable_ns) for seen_ns, durable_ns in promises if durable_ns > seen_ns]
    assert kept
    for seen_ns, durable_ns in kept:
        (rows,) = (each for each in rows_of.values() if any(same(row["recv_ns"], seen_ns) for row in each))
        early = [row["seq"] for row in rows if row["recv_ns"] < durable_ns]
        assert early == list(range(len(early)))

    ledger = recorder.ledger()
    assert {gap["cause"] for gap in ledger} == {"crash"}
    for channel, table in TABLES.items():
        for symbol in ("BTCUSDT", "ETHUSDT"):
            ids = [int(row["id"]) for row in recorder.table(table) if row["symbol"] == symbol]
            assert len(ids) == len(set(ids)), "a trade is there twice"
            absent = set(range(min(ids), max(ids) + 1)) - set(ids)
            named: set[int] = set()
            for gap in ledger:
                if (gap["channel"], gap["symbol"]) == (channel, symbol):
                    between = set(range(int(gap["from_id"]) + 1, int(gap["to_id"])))
                    assert gap["missing"] == len(between)
                    assert not named & between
                    named |= between
                    # Some were fetched again, between the kills.
                    assert gap["remaining"] == len(between & absent)
            assert named >= absent, f"the ledger of {channel} {symbol} is not what is missing"
    # A book's gap is proved by the ids of the first update after it; where there are no ids, by the note of
    # the start that ends it.
    stream = [row for row in raw if row["symbol"] == "BTCUSDT"]
    updates = {row["conn"] for row in stream if (row["channel"], row["kind"]) == ("depth", "message")}
    notes = [
        json.loads(row["payload"])
        for row in stream
        if (row["channel"], row["kind"]) == ("bookTicker", "subscribed")
    ]
    expected = {"depth": len(updates) - 1, "bookTicker": sum(note["since_ns"] is not None for note in notes)}
    for channel, count in expected.items():
        gaps = [gap for gap in ledger if (gap["channel"], gap["symbol"]) == (channel, "BTCUSDT")]
        assert len(gaps) == count > ROUNDS // 2
