"""A recording with faults, from the exchange to a lake in a folder and on S3: both audits say the same."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from support.processes import Recorder, simulated, wait_until
from support.s3_server import ACCESS_KEY, SECRET_KEY, S3Server

from daedalus.lake import NoBookError, book_at

pytestmark = pytest.mark.integration

SYMBOLS = ["BTCUSDT", "ETHUSDT"]
CHANNELS = ["trade", "aggTrade", "depth", "bookTicker"]


def recorded(directory: Path) -> Recorder:
    """Three runs on an exchange that skips trades and drops connections."""
    faults = ("--skip-every", "97", "--drop-after", "3000")
    with simulated("binance", "--symbols", ",".join(SYMBOLS), "--rate", "600", *faults) as port:
        settings = {"symbols": SYMBOLS, "channels": CHANNELS}
        recorder = Recorder(directory, "binance", port, settings)
        recorder.settings["writer"] = {"min_free_mb": 0, "flush_interval_seconds": 1}
        recorder.write_config()
        for _ in range(3):
            began = time.time_ns()
            recorder.start()
            wait_until(lambda began=began: recorder.figure("last_message_ns") > began, 60, "messages")
            wait_until(lambda: recorder.figure("reconnects") >= 1, 90, "a reconnect")
            recorder.stop()
    assert recorder.run("normalize", "--once").returncode == 0
    return recorder


def audit(recorder: Recorder, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = recorder.run("audit", "--json", *arguments)
    assert done.returncode == code, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


def test_a_lake_with_gaps_is_audited_the_same_in_a_folder_and_on_s3(
    tmp_path: Path, s3_server: S3Server, bucket: str
) -> None:
    recorder = recorded(tmp_path)
    local = audit(recorder, str(recorder.data))
    assert recorder.run("sync", "--once").returncode == 0
    in_folder = audit(recorder)
    assert in_folder["streams"] == local["streams"]

    recorder.settings["sync"] = {
        "target": f"s3://{bucket}/a/lake",
        "endpoint_url": s3_server.endpoint_url,
        "access_key": ACCESS_KEY,
        "secret_key": SECRET_KEY,
        "region": "us-east-1",
    }
    recorder.write_config()
    for path in sorted((recorder.data / "tables" / "synced").rglob("*.parquet")):
        ready = recorder.data / "tables" / "ready" / path.relative_to(recorder.data / "tables" / "synced")
        ready.parent.mkdir(parents=True, exist_ok=True)
        path.rename(ready)
    assert recorder.run("sync", "--once").returncode == 0
    on_s3 = audit(recorder)
    assert on_s3["url"] == f"s3://{bucket}/a/lake"
    assert on_s3["streams"] == in_folder["streams"]

    lines = {(line["channel"], line["symbol"]): line for line in in_folder["streams"]}
    assert set(lines) == {(channel, symbol) for channel in CHANNELS for symbol in SYMBOLS}
    for symbol in SYMBOLS:
        trade = lines["trade", symbol]
        assert trade["verdict"] in ("missing", "repaired")
        assert trade["gaps_open"] + trade["gaps_filled"] + trade["gaps_unfillable"] > 3
        assert lines["bookTicker", symbol]["seconds_unconnected"] > 0
        assert lines["depth", symbol]["unledgered"] == 0
    assert in_folder["sound"]

    # The same lake with one file less is not what its ledger says.
    lake = recorder.data / "lake"
    files = sorted((lake / "trades").rglob("*.parquet"))
    assert len(files) > 2
    files[1].unlink()
    kinds = {finding["kind"] for finding in audit(recorder, str(lake), code=1)["findings"]}
    assert "unledgered" in kinds

    # A book at the moment of its last update is the one that the whole recording makes.
    done = recorder.run("audit", str(lake), "--channel", "depth")
    assert done.returncode == 0
    assert "binance" in done.stdout
    rows = [row for row in recorder.table("book_updates", "synced") if row["symbol"] == "BTCUSDT"]
    last = max(row["local_timestamp"] for row in rows)
    try:
        book = book_at(lake, "binance", "BTCUSDT", last)
    except NoBookError as reason:
        assert "missing" in str(reason) or "no connection" in str(reason)  # noqa: PT017 - either is right
    else:
        assert book.bids[0][0] < book.asks[0][0]


def test_two_recorders_that_are_killed_in_turn_have_lost_nothing_together(tmp_path: Path) -> None:
    with simulated("binance", "--symbols", ",".join(SYMBOLS), "--rate", "400") as port:
        settings = {"symbols": SYMBOLS, "channels": CHANNELS}
        places = [tmp_path / name for name in ("one", "two")]
        for place in places:
            place.mkdir()
        pair = [Recorder(place, "binance", port, settings) for place in places]
        for recorder in pair:
            recorder.settings["writer"] = {"min_free_mb": 0, "flush_interval_seconds": 0.5}
            recorder.write_config()
            recorder.start()
        for recorder in (*pair, *pair):
            for each in pair:
                began = time.time_ns()
                wait_until(
                    lambda each=each, began=began: each.figure("durable_ns") > began + 2 * 10**9,
                    60,
                    "flushes",
                )
            recorder.kill()
            time.sleep(1)
            recorder.start()
        for recorder in pair:
            began = time.time_ns()
            wait_until(
                lambda each=recorder, began=began: each.figure("durable_ns") > began + 2 * 10**9,
                60,
                "flushes",
            )
        for recorder in pair:
            recorder.stop()
            assert recorder.run("normalize", "--once").returncode == 0
    one, two = pair
    out = str(tmp_path / "out")
    done = one.run("lake", "merge", str(one.data), str(two.data), out)
    assert done.returncode == 0, done.stderr
    alone = [audit(recorder, str(recorder.data)) for recorder in pair]
    together = audit(one, out)
    assert together["sound"], together["findings"]
    for line in together["streams"]:
        if line["channel"] in ("trade", "aggTrade", "depth"):
            assert line["missing"] == 0, line
        of_each = [each for report in alone for each in report["streams"]]
        same = [
            each for each in of_each if (each["channel"], each["symbol"]) == (line["channel"], line["symbol"])
        ]
        assert line["rows"] >= max(each["rows"] for each in same)
    again = two.run("lake", "merge", str(two.data), str(one.data), out)
    files, unchanged = re.findall(r"(\d+) files \((\d+) unchanged\)", again.stdout)[0]
    assert files == unchanged
