"""Reboots and power cuts in the middle: all comes back by itself, and what is missing is known."""

from __future__ import annotations

import time

from vm.appliance import Appliance
from vm.surroundings import RATES

FLUSH_SECONDS = 5.0
SLOW = 10.0
"""How much longer emulated processors take, on a busy host. What is measured is printed."""
CUTS = 10
IDS = {"trades": "trade", "agg_trades": "aggTrade"}


def drained(appliance: Appliance) -> None:
    """All that was recorded until now has reached the lake: sealed, made into tables, uploaded."""
    appliance.sh("systemctl stop 'daedalus-ingest@*'")
    # A slow machine seals what is still there at the next start: here at one that hears nothing new.
    if waiting(appliance, "raw/active"):
        for exchange in RATES:
            appliance.around.shut(exchange)
        appliance.sh("systemctl start daedalus.target && systemctl stop 'daedalus-ingest@*'")
        for exchange in RATES:
            appliance.around.open(exchange)
    states = "raw/active raw/ready raw/normalized tables/active tables/ready"
    appliance.wait(lambda: not waiting(appliance, states), "all files to reach the lake", 1200)
    appliance.sh("systemctl start daedalus.target")


def waiting(appliance: Appliance, states: str) -> str:
    """The files in these folders of the machine."""
    return appliance.sh(f"cd /var/lib/daedalus && find {states} -type f")


def unexplained(appliance: Appliance, table: str, channel: str) -> list[str]:
    """Ids between two that are there which have no row, and which the ledger does not name as missing.

    One that is there twice fails.
    """
    ids: dict[str, list[int]] = {}
    for row in appliance.lake.rows(table):
        ids.setdefault(row["symbol"], []).append(int(row["id"]))
    gaps = [
        row for row in appliance.lake.rows("gaps") if row["channel"] == channel and row["status"] != "filled"
    ]
    found = []
    for symbol, of_symbol in ids.items():
        known = set(of_symbol)
        assert len(known) == len(of_symbol), f"{symbol}: an id of {table} is there twice"
        for gap in gaps:
            if gap["symbol"] == symbol and gap["from_id"] is not None:
                known |= set(range(gap["from_id"] + 1, gap["to_id"]))
        found += [f"{symbol} {each}" for each in range(min(of_symbol), max(of_symbol)) if each not in known]
    return found


def test_after_a_reboot_all_comes_back_by_itself_and_the_ledger_has_the_gap(appliance: Appliance) -> None:
    boot = appliance.sh("cat /proc/sys/kernel/random/boot_id")
    last_before = appliance.status()["last_message_ns"]
    appliance.machine.ssh("systemctl reboot", check=False)
    appliance.wait(
        lambda: (
            appliance.machine.ssh(
                "cat /proc/sys/kernel/random/boot_id", check=False, seconds=60
            ).stdout.strip()
            not in ("", boot)
        ),
        "the next boot",
    )
    for exchange in ("binance", "coinbase_exchange"):
        appliance.wait(
            lambda each=exchange: appliance.records(each, last_before), f"{exchange} to be recorded"
        )
    back = appliance.status()["process"]["started_ns"]
    outage = (back - last_before) / 1e9
    drained(appliance)
    gaps = [row for row in appliance.lake.rows("gaps") if row["channel"] == "trade"]
    ours = [row for row in gaps if row["from_timestamp"] <= back and row["to_timestamp"] >= last_before]
    assert {row["symbol"] for row in ours} == {"BTCUSDT", "ETHUSDT"}
    for row in ours:
        assert row["cause"] == "restart"
        length = (row["to_timestamp"] - row["from_timestamp"]) / 1e9
        print(f"outage {outage:.1f} s, gap of {row['symbol']} {length:.1f} s")
        assert length <= outage + 5.0 * SLOW
    assert unexplained(appliance, "trades", "trade") == []


def test_ten_power_cuts_cost_a_flush_interval_each_and_nothing_is_corrupt_or_twice(
    appliance: Appliance,
) -> None:
    lost = []
    for cut in range(CUTS):
        began = time.time_ns()
        appliance.wait(lambda since=began: appliance.records("binance", since), "messages")
        time.sleep(7 + cut)  # at another moment of the flush interval each time
        appliance.machine.cut()
        cut_ns = time.time_ns()
        appliance.machine.boot()
        appliance.wait(lambda since=cut_ns: appliance.records("binance", since), "it to record by itself")
        appliance.wait(
            lambda since=cut_ns: appliance.records("coinbase_exchange", since), "the other one too"
        )
        # journald calls its own files corrupted that were open; it renames them and goes on.
        kernel = "dmesg | grep -v systemd-journald"
        errors = appliance.sh(f"{kernel} | grep -iE 'ext4-fs error|corrupt|i/o error' || true")
        assert errors == ""
        lost.append(cut_ns)
    drained(appliance)

    for table, channel in IDS.items():
        assert unexplained(appliance, table, channel) == []
    raw = appliance.lake.rows("raw")
    received = sorted(row["recv_ns"] for row in raw if row["kind"] == "message")
    for cut_ns in lost:
        before = max(each for each in received if each < cut_ns)
        missing = (cut_ns - before) / 1e9
        print(f"cut: the last {missing:.1f} s are missing", flush=True)
        assert missing <= FLUSH_SECONDS + 5.0  # fsync of an emulated disk
    numbers = [(row["conn"], row["seq"]) for row in raw]
    assert len(numbers) == len(set(numbers)), "no raw row is there twice"
