"""Workers that leak, hang, crash or hear nothing are set right, and the others never notice."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from vm.appliance import Appliance
from vm.hooks import FOLDER, LEAK, crash_after, hook, unhook

COINBASE = "daedalus-ingest@coinbase_exchange.service"
BINANCE = "daedalus-ingest@binance.service"


@contextmanager
def others_unaffected(appliance: Appliance, *units: str) -> Iterator[None]:
    """These services are the same processes afterwards, and still record."""

    def processes() -> list[str]:
        return [appliance.show(unit, "MainPID") for unit in units]

    before = processes()
    yield
    assert processes() == before
    if BINANCE in units:
        began = time.time_ns()
        appliance.wait(lambda: appliance.records("binance", began), "the others to go on")


@pytest.fixture
def leaking(appliance: Appliance) -> Iterator[Appliance]:
    """The recorder of Coinbase holds as much memory as it is told to; the watchdog's lines are low."""
    appliance.play(
        "site.yml", "--tags", "workers", workers_overrides={"memory": {"warn_mb": 300, "restart_mb": 500}}
    )
    hook(appliance, COINBASE, LEAK, "MemoryHigh=infinity", "MemoryMax=700M", "MemorySwapMax=0")
    appliance.wait(lambda: appliance.records("coinbase_exchange"), "the leaking worker to record")
    try:
        yield appliance
    finally:
        unhook(appliance, COINBASE)
        appliance.play("site.yml", "--tags", "workers")


def leak(appliance: Appliance, megabytes: int) -> str:
    """Have the present process hold so much; its number."""
    pid = appliance.show(COINBASE, "MainPID")
    appliance.sh(f"echo {megabytes} >{FOLDER}/{pid}")
    return pid


def test_a_leaking_worker_is_warned_about_and_restarted_and_at_the_last_killed_and_restarted(
    leaking: Appliance,
) -> None:
    with others_unaffected(leaking, BINANCE, "daedalus-normalize", "daedalus-sync"):
        pid = leak(leaking, 300)
        leaking.wait(
            lambda: [
                text
                for text in leaking.alerts()
                if "coinbase_exchange holds" in text and "restarted at" in text
            ],
            "the warning",
        )
        assert leaking.show(COINBASE, "MainPID") == pid, "a warning is only a warning"

        leak(leaking, 520)
        leaking.wait(lambda: leaking.show(COINBASE, "MainPID") not in (pid, "0"), "the watchdog's restart")
        assert leaking.show(COINBASE, "Result") != "oom-kill"
        leaking.wait(
            lambda: [text for text in leaking.alerts() if "restarting ingest-coinbase_exchange" in text],
            "word of the restart",
        )
        leaking.wait(lambda: leaking.records("coinbase_exchange"), "it to record again")

        leaking.sh("systemctl stop daedalus-watchdog")
        pid = leak(leaking, 900)
        leaking.wait(lambda: leaking.show(COINBASE, "MainPID") not in (pid, "0"), "systemd's restart")
        assert "oom-kill" in leaking.sh(f"journalctl --no-pager -u {COINBASE} | grep -i oom")
        leaking.wait(lambda: leaking.records("coinbase_exchange"), "it to record again")
        leaking.sh("systemctl start daedalus-watchdog")


def test_a_hung_worker_is_killed_and_started_anew(appliance: Appliance) -> None:
    with others_unaffected(appliance, BINANCE, "daedalus-normalize", "daedalus-sync", "daedalus-watchdog"):
        pid = appliance.show(COINBASE, "MainPID")
        appliance.sh(f"kill -STOP {pid}")
        began = time.time_ns()
        appliance.wait(
            lambda: appliance.show(COINBASE, "MainPID") not in (pid, "0"), "WatchdogSec= to end it"
        )
        assert "watchdog" in appliance.sh(f"journalctl --no-pager -n 50 -u {COINBASE} | grep -i result")
        appliance.wait(lambda: appliance.records("coinbase_exchange", began), "it to record again")


def test_a_crash_loop_backs_off_and_is_told_once(appliance: Appliance) -> None:
    told_before = len(appliance.alerts())
    with others_unaffected(appliance, BINANCE, "daedalus-sync", "daedalus-watchdog"):
        try:
            hook(appliance, COINBASE, crash_after(12))
            appliance.wait(
                lambda: "next start is in 4 s" in appliance.sh(f"journalctl --no-pager -n 200 -u {COINBASE}"),
                "pauses that grow",
                900,
            )
            appliance.wait(
                lambda: [text for text in appliance.alerts()[told_before:] if "has been started" in text],
                "word of the loop",
                900,
            )
            time.sleep(130)  # two looks more
            told = [
                text
                for text in appliance.alerts()[told_before:]
                if "coinbase_exchange has been started" in text
            ]
            assert len(told) == 1, told
        finally:
            unhook(appliance, COINBASE)
    appliance.wait(lambda: appliance.records("coinbase_exchange"), "it to record again")


def test_a_silent_exchange_is_noticed_and_connected_to_anew(appliance: Appliance) -> None:
    pid = appliance.show(BINANCE, "MainPID")
    before = appliance.status()["reconnects"]
    appliance.around.shut("binance")
    appliance.around.open("binance", "--stall-after", "300")
    try:
        # The first is the end of the old connection, the next of one that was open and silent.
        appliance.wait(lambda: appliance.status()["reconnects"] >= before + 2, "a new connection")
    finally:
        appliance.around.shut("binance")
        appliance.around.open("binance")
    began = time.time_ns()
    appliance.wait(lambda: appliance.records("binance", began), "it to record again")
    assert appliance.show(BINANCE, "MainPID") == pid, "a silent exchange is no reason to end the recorder"
    appliance.sh("grep 'the channel .* said nothing' /var/log/daedalus/ingest-binance.log")
